"""Learning rates at chosen steps, and which parameters decay."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from memecap.core.config import validate
from memecap.errors import ConfigError
from memecap.training.config import StageConfig
from memecap.training.optim import build_optimizer, lr_factor, set_lr
from memecap.training.progress import Progress


def stage(**changes: Any) -> StageConfig:
    values = {"name": "s", "corpora": ["a"], "epochs": 1, "lr": 0.1, "warmup": 0.1}
    return validate(StageConfig, values | changes, where="test")


@pytest.mark.parametrize(
    ("schedule", "step", "factor"),
    [
        ("constant", 0, 1 / 11),  # ten of a hundred steps warm up
        ("constant", 9, 10 / 11),
        ("constant", 10, 1.0),
        ("constant", 99, 1.0),
        ("linear", 10, 1.0),
        ("linear", 55, 0.5),
        ("linear", 99, 1 / 90),
        ("cosine", 10, 1.0),
        ("cosine", 55, 0.5),
        ("cosine", 32.5, 0.853553),
        ("plateau", 99, 1.0),
    ],
)
def test_schedules(schedule: str, step: int, factor: float) -> None:
    assert lr_factor(step, n_steps=100, stage=stage(schedule=schedule)) == pytest.approx(factor, abs=1e-6)


def test_no_warm_up_outlasts_a_short_run() -> None:
    assert lr_factor(0, n_steps=1, stage=stage(warmup=0.4)) == 1.0
    rates = [lr_factor(step, n_steps=3, stage=stage(warmup=0.4)) for step in range(3)]
    assert rates == pytest.approx([0.5, 1.0, 0.5])


def test_groups() -> None:
    from toys.captioner import Toy

    toy = Toy.from_texts(Toy.Config(sees=True), ["абв"])
    optimizer = build_optimizer(toy, stage(encoder_lr=0.01, weight_decay=0.3))
    groups = {(group["peak_lr"], group["weight_decay"]): len(group["params"]) for group in optimizer.param_groups}
    assert groups == {(0.1, 0.3): 5, (0.1, 0.0): 4, (0.01, 0.3): 1, (0.01, 0.0): 1}
    set_lr(optimizer, 0.5)
    assert {group["lr"] for group in optimizer.param_groups} == {0.05, 0.005}


def test_nothing_to_train_is_said() -> None:
    from toys.captioner import Toy

    toy = Toy.from_texts(Toy.Config(), ["абв"]).requires_grad_(False)
    with pytest.raises(ConfigError, match="frozen"):
        build_optimizer(toy, stage())


def test_a_plateau_cuts_the_rate() -> None:
    config = stage(schedule="plateau", plateau={"patience": 2, "factor": 0.1})
    progress = Progress()
    for score in (1.0, 0.5, 0.9, 0.9, 0.8, 2.0):
        progress.end_epoch(score, config)
    assert progress.lr_scale == pytest.approx(0.01)  # after the 3rd and the 5th epoch
    assert (progress.best, progress.waiting) == (2.0, 0)


def test_patience() -> None:
    config = stage(early_stop={"metric": "loss", "patience": 2})
    progress = Progress()
    bests = [progress.end_epoch(score, config) for score in (1.0, 1.5, 1.4)]
    assert bests == [True, True, False]
    assert not progress.gave_up(config)
    progress.end_epoch(1.5, config)  # equal is not better
    assert progress.gave_up(config)


@pytest.mark.parametrize(("n_steps", "warmup"), [(100, 0.3), (37, 0.3), (20, 0.1)])
def test_one_cycle_is_torch_s(n_steps: int, warmup: float) -> None:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
    theirs = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=0.1, total_steps=n_steps, pct_start=warmup, final_div_factor=500
    )
    ours = stage(schedule="one_cycle", warmup=warmup)
    for step in range(n_steps):
        (rate,) = theirs.get_last_lr()
        assert 0.1 * lr_factor(step, n_steps=n_steps, stage=ours) == pytest.approx(rate, rel=1e-6)
        if step + 1 < n_steps:
            optimizer.step()
            theirs.step()
