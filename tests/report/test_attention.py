from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from tiny_models import TEXTS
from typer.testing import CliRunner

import memecap.cli.verbs  # noqa: F401  (each verb adds itself to `app`)
from memecap.captioners.base import create
from memecap.checkpoints import checkpoint
from memecap.cli import app
from memecap.core import config
from memecap.decoding.greedy import Greedy
from memecap.errors import UsageError
from memecap.modeling.batch import Images
from memecap.report import attention


def build(models: Path, name: str = "attention_lstm"):
    torch.manual_seed(0)
    encoder = {"name": "ruclip", "model": str(models / "ruclip"), "output": "grid"}
    settings = {"name": name, "min_count": 1, "width": 16, "embeddings": {"width": 8}, "encoder": encoder}
    return create(config.configure("captioners", settings), TEXTS).eval()


def test_a_panel_for_each_word(tiny_models: Path) -> None:
    captioner = build(tiny_models)
    picture = Image.new("RGB", (90, 60), "orange")
    images = Images(pixels=captioner.encoder.transform(picture)[None])
    ((caption,),) = captioner.generate(images, [None], Greedy(max_new_tokens=9))
    sheet = attention.draw(captioner, picture, caption)
    n_panels = len(caption.token_ids) + 1
    rows = -(-n_panels // attention.COLUMNS)
    assert sheet.size[1] // (attention.PANEL + attention.LETTERS + 10) == rows
    (attended,) = captioner.attend(images, [None], [caption])
    assert attended.weights.sum(dim=1) == pytest.approx(torch.ones(len(caption.token_ids)), abs=1e-5)
    assert np.asarray(sheet).std() > 0


def test_others_have_none(tiny_models: Path) -> None:
    captioner = build(tiny_models, "lstm")
    picture = Image.new("RGB", (90, 60))
    images = Images(pixels=captioner.encoder.transform(picture)[None])
    ((caption,),) = captioner.generate(images, [None], Greedy(max_new_tokens=9))
    with pytest.raises(UsageError, match="attention_lstm"):
        attention.draw(captioner, picture, caption)


def test_on_the_command_line(tiny_models: Path, tmp_path: Path) -> None:
    checkpoint.save(build(tiny_models), tmp_path / "model")
    file = io.BytesIO()
    Image.new("RGB", (90, 60), "orange").save(file, "PNG")
    (tmp_path / "meme.png").write_bytes(file.getvalue())
    words = ["caption", str(tmp_path / "meme.png"), "--model", str(tmp_path / "model"), "--reader", "none"]
    done = CliRunner().invoke(
        app, [*words, "--attention", str(tmp_path / "looks"), "--decoding", "greedy", "--set", "max_new_tokens=5"]
    )
    assert done.exit_code == 0, done.output
    with Image.open(tmp_path / "looks" / "meme.png") as sheet:
        assert sheet.size[0] > attention.PANEL
