"""A recurrent captioner over the grid of a tiny ResNet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_models import TEXTS, shaken

from memecap.captioners.base import Captioner, create
from memecap.core import config
from tests.captioners.inputs import Build


@pytest.fixture
def build(tiny_models: Path) -> Build:
    """A captioner over the grid of a tiny ResNet, so far from its first weights that captions differ."""

    def made(name: str, texts: list[str] = TEXTS, **settings: Any) -> Captioner:
        torch.manual_seed(0)
        encoder = {"name": "resnet", "model": str(tiny_models / "resnet"), "output": "grid"}
        small = {"width": 12, "embeddings": {"width": 10}, "min_count": 1, "dropout": 0.0, "encoder": encoder}
        return shaken(create(config.configure("captioners", {"name": name, **small, **settings}), texts))

    return made
