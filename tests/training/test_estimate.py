"""What a run will cost is what it costs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from memecap.training import estimate
from memecap.training.config import TrainConfig
from tests.training.outcomes import Run


def test_a_run_that_can_begin(dry: Run, settings: Callable[..., TrainConfig], tmp_path: Path) -> None:
    from memecap.training.run import train

    code, out = dry(settings())
    assert code == 0
    assert "MISSING" not in out
    assert "20 train rows, 4 val" in out
    steps = json.loads((train(settings(), tmp_path / "done") / "run.json").read_text())["steps"]
    assert f"{steps} steps counted" in out


def test_a_full_disk(dry: Run, settings: Callable[..., TrainConfig], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(estimate, "free_disk", lambda out: 5)
    code, out = dry(settings())
    assert code == 74
    assert "make room" in out
