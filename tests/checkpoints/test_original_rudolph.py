"""A file of a fine-tuned RuDOLPH becomes a checkpoint that says the same."""

from __future__ import annotations

from pathlib import Path

import torch
from typer.testing import CliRunner

from memecap.checkpoints import checkpoint, original_rudolph
from memecap.cli import app
from memecap.cli import verbs as _verbs
from memecap.core import config
from memecap.decoding.greedy import Greedy
from memecap.errors import ConfigError
from memecap.modeling.batch import Images

IMAGES = Images(features=torch.arange(32).view(2, 16, 1))


def test_an_adopted_file_says_the_same_wherever_it_moves(tiny_models: Path, tmp_path: Path) -> None:
    state = torch.load(tiny_models / "rudolph" / "pytorch_model.bin", weights_only=True)
    torch.save(
        {"state_dict": {f"module.{name}": part.float() + 0.01 for name, part in state.items()}}, tmp_path / "a.pt"
    )
    encoder = {"name": "vqgan", "model": str(tiny_models / "vqgan"), "side": 8}
    captioner = original_rudolph.read(
        tmp_path / "a.pt", encoder=encoder, tokenizer=str(tiny_models / "rudolph"), n_heads=4
    )
    said = captioner.generate(IMAGES, [None, None], Greedy(max_new_tokens=8))
    checkpoint.save(captioner, tmp_path / "adopted", self_contained=True)
    (tmp_path / "a.pt").unlink()
    moved = (tmp_path / "adopted").rename(tmp_path / "moved")
    again = checkpoint.load(moved)
    assert again.generate(IMAGES, [None, None], Greedy(max_new_tokens=8)) == said
    assert config.read_yaml(moved / "config.yaml")["encoder"]["model"] == "./encoder"


def test_the_command_knows_it_by_its_encoder(tiny_models: Path, tmp_path: Path) -> None:
    """The tiny VQGAN's cells are not those of 128 pixels."""
    assert _verbs
    words = ["adopt", str(tiny_models / "rudolph" / "pytorch_model.bin"), "--out", str(tmp_path / "out")]
    words += ["--encoder", f"vqgan:{tiny_models / 'vqgan'}", "--decoder", str(tiny_models / "rudolph")]
    done = CliRunner().invoke(app, words)
    assert isinstance(done.exception, ConfigError) and "sees 16 cells" in str(done.exception)
