"""The gradient depends neither on accumulation nor on the number of processes, and a broken one is named."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from memecap.checkpoints import checkpoint
from memecap.core import config
from memecap.errors import DataError
from memecap.modeling.batch import Batch
from memecap.modeling.outputs import Loss
from memecap.training.config import TrainConfig
from memecap.training.loop import fit
from memecap.training.progress import Step
from memecap.training.run import train
from memecap.training.stage import Epoch, StageRun

Settings = Callable[..., TrainConfig]
CAREFUL = {"name": "toys.captioner", "dropout": 0.0}


def one_stage(**changes: Any) -> list[dict[str, Any]]:
    return [{"name": "one", "corpora": ["first"], "steps": 6, "batch_size": 8, "lr": 0.01} | changes]


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return checkpoint.load(folder / "checkpoints" / "last", trust_code=True).state_dict()


def test_accumulation_equals_a_big_batch(settings: Settings, tmp_path: Path) -> None:
    big = train(settings(captioner=CAREFUL, stages=one_stage(batch_size=16)), tmp_path / "big")
    small = train(settings(captioner=CAREFUL, stages=one_stage(batch_size=4, accumulate=4)), tmp_path / "small")
    torch.testing.assert_close(weights(big), weights(small), atol=1e-6, rtol=1e-5)


def test_the_loop_tells_each_step_and_each_epoch(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Step | Epoch] = []

    def listened(stage: StageRun) -> Iterator[Step | Epoch]:
        for done in fit(stage):
            told.append(done)
            yield done

    monkeypatch.setattr("memecap.training.run.fit", listened)
    train(settings(stages=one_stage()), tmp_path)  # 40 captions: 5 steps an epoch, and the sixth in another one
    assert [type(done) for done in told] == [*[Step] * 5, Epoch, Step, Epoch]
    epoch = told[-1]
    assert isinstance(epoch, Epoch)
    assert {"val_loss", "tokens_per_s"} <= epoch.scores.keys()
    assert len(epoch.captioned) == 4


@pytest.mark.slow
def test_two_processes_equal_one(settings: Settings, tmp_path: Path) -> None:
    # 40 captions, 13 a batch: the last window of an epoch holds one example, and one process has nothing to do.
    chosen = settings(captioner=CAREFUL, stages=one_stage(batch_size=13, steps=8), log_every=1)
    one = train(chosen, tmp_path / "one")
    yaml = tmp_path / "run.yaml"
    yaml.write_text(config.to_yaml(chosen), encoding="utf-8")
    launched = [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node", "2", "--master_port", "29511"]
    subprocess.run(
        [*launched, "-m", "memecap", "train", str(yaml), "--out", str(tmp_path / "two")],
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parent)},
        check=True,
        timeout=110,
    )
    torch.testing.assert_close(weights(one), weights(tmp_path / "two"), atol=1e-5, rtol=1e-5)
    logs = [(folder / "log.csv").read_text().splitlines() for folder in (one, tmp_path / "two")]
    for left, right in zip(*logs, strict=True):
        assert left.split(",")[:5] == right.split(",")[:5]  # stage, epoch, step, rate, loss to six digits


def test_workers_prepare_the_same_batches(settings: Settings, tmp_path: Path) -> None:
    alone = train(settings(stages=one_stage(steps=2)), tmp_path / "alone")
    helped = train(settings(stages=one_stage(steps=2), n_workers=1), tmp_path / "helped")
    for name, tensor in weights(alone).items():
        assert torch.equal(tensor, weights(helped)[name])


def test_bf16(settings: Settings, tmp_path: Path) -> None:
    out = train(settings(stages=one_stage(steps=2), precision="bf16"), tmp_path)
    assert {tensor.dtype for tensor in weights(out).values()} == {torch.float32}


@pytest.mark.parametrize("times", [1, 2])
def test_a_gradient_that_is_not_finite(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], times: int
) -> None:
    """Once it costs half the learning rate, twice it ends the run."""
    from toys.captioner import Toy

    forward = Toy.forward
    calls = 0

    def broken(self: Toy, batch: Batch) -> Loss:
        nonlocal calls
        loss = forward(self, batch)
        calls += self.training
        return Loss(loss.total * float("nan"), loss.n_tokens) if self.training and 3 <= calls < 3 + times else loss

    monkeypatch.setattr(Toy, "forward", broken)
    chosen = settings(stages=one_stage(schedule="constant", warmup=0), log_every=1)
    if times == 2:
        with pytest.raises(DataError, match="norm of the gradient is nan, again"):
            train(chosen, tmp_path)
        return
    train(chosen, tmp_path)
    assert "half the learning rate" in capsys.readouterr().err
    rates = [row["lr"] for row in csv.DictReader((tmp_path / "log.csv").read_text().splitlines()) if row["lr"]]
    assert rates == ["0.01", "0.01", "0.01", "0.005", "0.005", "0.005"]
    assert all(tensor.isfinite().all() for tensor in weights(tmp_path).values())


def test_batches_are_halved_until_they_fit(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from toys.captioner import Toy

    chosen = settings(captioner=CAREFUL, stages=one_stage(batch_size=16))
    whole = train(chosen, tmp_path / "whole")
    forward = Toy.forward

    def small(self: Toy, batch: Batch) -> Loss:
        if self.training and len(batch) > 4:
            raise torch.OutOfMemoryError("no more")
        return forward(self, batch)

    monkeypatch.setattr(Toy, "forward", small)
    halved = train(chosen, tmp_path / "halved")
    torch.testing.assert_close(weights(whole), weights(halved), atol=1e-6, rtol=1e-5)
    assert "cut into 4" in capsys.readouterr().err


def test_one_example_that_does_not_fit_ends_the_run(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from toys.captioner import Toy

    def none(self: Toy, batch: Batch) -> Loss:
        raise torch.OutOfMemoryError("no more")

    monkeypatch.setattr(Toy, "forward", none)
    with pytest.raises(torch.OutOfMemoryError):
        train(settings(stages=one_stage(batch_size=4)), tmp_path)
