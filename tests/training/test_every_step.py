"""A run that is stopped after any of its forty steps ends as one that never was: weights, log, samples."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from memecap.training.config import TrainConfig
from memecap.training.run import train
from tests.training.outcomes import Settings, outcome
from tests.training.test_run import Stopped, stop_after

N_STEPS = 40  # of both stages; a stage's end, its epochs' ends and windows of two micro-batches are among them


def forty_steps(settings: Settings, **more: Any) -> TrainConfig:
    pretrain = {"name": "pretrain", "corpora": ["first"], "steps": 22, "batch_size": 4, "accumulate": 2, "lr": 0.01}
    finetune = {"name": "finetune", "corpora": ["second"], "steps": 18, "batch_size": 4, "accumulate": 2, "lr": 0.01}
    return settings(stages=[pretrain, finetune], log_every=3, **more)


def stop(config: TrainConfig, out: Path, n_steps: int) -> None:
    with pytest.MonkeyPatch.context() as patch, pytest.raises(Stopped):
        stop_after(n_steps, patch)
        train(config, out)
    torch.manual_seed(n_steps)  # another process would be in another state


@pytest.mark.slow
@pytest.mark.timeout(900)  # a guard, not a measure
def test_a_run_stopped_after_each_of_its_steps(settings: Settings, tmp_path: Path) -> None:
    """One run, stopped forty times, a step further each time."""
    config = forty_steps(settings)
    whole = outcome(train(config, tmp_path / "whole"))
    for _ in range(N_STEPS):
        stop(config, tmp_path / "stopped", 1)
    assert outcome(train(config, tmp_path / "stopped")) == whole


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("save_every_s", [0, 1000], ids=["saved at each step", "saved at epochs"])
def test_runs_stopped_at_every_step(settings: Settings, tmp_path: Path, save_every_s: float) -> None:
    """Forty runs, each stopped once, at another step."""
    config = forty_steps(settings, save_every_s=save_every_s)
    whole = outcome(train(config, tmp_path / "whole"))
    for step in range(1, N_STEPS + 1):
        out = tmp_path / f"stopped{step}"
        stop(config, out, step)
        assert outcome(train(config, out)) == whole, step
        shutil.rmtree(out)
