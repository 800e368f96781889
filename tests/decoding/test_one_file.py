"""A way of decoding is one file: typical sampling, written here, is used by YAML, CLI and API like those there are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from PIL import Image
from tiny_models import TEXTS
from typer.testing import CliRunner

from memecap import load_captioner
from memecap.captioners.base import create
from memecap.checkpoints import checkpoint
from memecap.cli import app, verbs  # noqa: F401  (each verb adds itself)
from memecap.core import config
from memecap.decoding.base import choose
from memecap.training.config import TrainConfig

TYPICAL = '''
"""Locally typical sampling. Source: Meister et al., arXiv 2202.00666."""

from pydantic import Field
from transformers import TypicalLogitsWarper

from memecap.decoding.base import Sampling


class Typical(Sampling):
    name: str = "ways.typical"
    mass: float = Field(0.9, gt=0, lt=1, description="probability mass kept")

    def warpers(self):
        return [TypicalLogitsWarper(self.mass)]
'''
STAGE = {"name": "only", "corpora": ["memes"], "epochs": 1, "lr": 1e-3}
GPT = {"n_layers": 1, "width": 16, "n_heads": 2, "vocab_size": 280, "max_positions": 160}


@pytest.fixture(autouse=True)
def typical(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ways").mkdir()
    (tmp_path / "ways" / "typical.py").write_text(TYPICAL, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    checkpoint.save(create(config.configure("captioners", {"name": "clipcap", "decoder": GPT}), TEXTS), tmp_path / "m")
    return tmp_path / "m"


def test_in_yaml(tmp_path: Path) -> None:
    values = {"captioner": "template", "stages": [STAGE], "decoding": {"name": "ways.typical", "mass": 0.4}}
    read = config.validate(TrainConfig, values, where="yaml")
    assert read.decoding.model_dump(include={"name", "mass"}) == {"name": "ways.typical", "mass": 0.4}
    (tmp_path / "again.yaml").write_text(config.to_yaml(read), encoding="utf-8")
    assert config.load(TrainConfig, tmp_path / "again.yaml") == read


def test_in_python_and_in_the_shell(saved: Path, tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    search = choose("ways.typical", ["mass=0.5", "max_new_tokens=6", "seed=4"])
    said = load_captioner(saved, reader=None, decoding=search).caption(tmp_path / "a.png")
    arguments = ["--model", saved, "--reader", "none", "--decoding", "ways.typical", "--json"]
    options = ["--set", "mass=0.5", "--set", "max_new_tokens=6", "--set", "seed=4"]
    shown = CliRunner().invoke(app, ["caption", *map(str, [tmp_path / "a.png", *arguments, *options])])
    assert shown.exit_code == 0, shown.output
    assert json.loads(shown.stdout)["caption"] == said.text
    greedy = load_captioner(saved, reader=None, decoding=choose("greedy", ["max_new_tokens=6"]))
    assert greedy.caption(tmp_path / "a.png").text != said.text
