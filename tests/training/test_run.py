"""Run folders: stopped, killed and finished runs, refusals, and what the next stage starts from."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from killing import Killer

from memecap.checkpoints import checkpoint
from memecap.core import storage
from memecap.errors import ConfigError, DataError, MissingFileError
from memecap.training import run as run_module
from memecap.training.config import TrainConfig
from memecap.training.progress import Step
from memecap.training.run import train
from memecap.training.stage import Epoch, StageRun
from tests.training.outcomes import Settings, outcome, read_log


class Stopped(Exception):
    pass


def stop_after(n_steps: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let training die after some optimizer steps."""
    taken = 0
    fit = run_module.fit

    def count(stage: StageRun) -> Iterator[Step | Epoch]:
        nonlocal taken
        for done in fit(stage):
            yield done  # and what comes of it is saved
            taken += isinstance(done, Step)
            if isinstance(done, Step) and taken == n_steps:
                raise Stopped

    monkeypatch.setattr(run_module, "fit", count)


@pytest.mark.parametrize("n_steps", [3, 5, 12])  # mid-epoch, at an epoch's end, in the second stage
@pytest.mark.parametrize("save_every_s", [0, 1000])  # saved at that step; saved at the epoch before
def test_a_stopped_run_ends_as_an_unstopped_one(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, n_steps: int, save_every_s: float
) -> None:
    config = settings(save_every_s=save_every_s)
    whole = train(config, tmp_path / "whole")
    with monkeypatch.context() as patch, pytest.raises(Stopped):
        stop_after(n_steps, patch)
        train(config, tmp_path / "stopped")
    torch.manual_seed(123)  # another process would be in another state
    assert outcome(train(config, tmp_path / "stopped")) == outcome(whole)


def test_a_stopped_self_critical_run_ends_as_an_unstopped_one(
    settings: Settings, pictured: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = {
        "name": "reward", "corpora": ["second"], "epochs": 2, "batch_size": 4, "accumulate": 2, "lr": 0.01,
        "objective": {"name": "scst", "n_samples": 2}, "early_stop": {"metric": "chrf2"}, "augment": True,
    }  # fmt: skip
    config = settings(stages=[stage], captioner={"name": "toys.captioner", "sees": True}, log_every=3)
    whole = train(config, tmp_path / "whole")
    with monkeypatch.context() as patch, pytest.raises(Stopped):
        stop_after(4, patch)  # in the second epoch, between two rows of the log
        train(config, tmp_path / "stopped")
    torch.manual_seed(123)
    assert outcome(train(config, tmp_path / "stopped")) == outcome(whole)


MANY_KILLS = [pytest.param(seed, 8, marks=pytest.mark.slow) for seed in range(1, 7)]


@pytest.mark.timeout(1800)  # a guard, not a measure
@pytest.mark.parametrize(("seed", "n_kills"), [(0, 1), *MANY_KILLS])
def test_a_killed_run_ends_as_an_unkilled_one(settings: Settings, tmp_path: Path, seed: int, n_kills: int) -> None:
    config = settings(seed=seed)
    whole = outcome(train(config, tmp_path / "whole"))  # here, so that the processes find everything imported
    killer = Killer(seed=seed, method="fork")  # with the corpora and captioner of these tests
    n_steps = killer.run(train_job, config, tmp_path / "counted")
    for number, _ in killer.rounds(n_kills, train_job, n_steps, lambda n: (config, tmp_path / f"killed{n}")):
        assert outcome(tmp_path / f"killed{number}") == whole


def train_job(config: TrainConfig, out: Path) -> None:
    train(config, out)


def test_the_next_stage_starts_from_the_best_epoch(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scores = itertools.cycle([1.0, 3.0, 2.0])
    monkeypatch.setattr("memecap.training.loop._judge", lambda *_: next(scores))
    stages = [
        {"name": "one", "corpora": ["first"], "epochs": 3, "batch_size": 8, "lr": 0.5, "schedule": "constant"},
        {"name": "two", "corpora": ["first"], "steps": 1, "lr": 1e-12, "weight_decay": 0},
    ]
    first = train(settings(stages=stages[:1]), tmp_path / "one")
    both = train(settings(stages=stages), tmp_path / "both")
    best = checkpoint.load(first, trust_code=True).state_dict()
    assert [row["best"] for row in read_log(first) if row["val_loss"]] == ["1", "1", "0"]
    for name, tensor in checkpoint.load(both, trust_code=True).state_dict().items():
        torch.testing.assert_close(tensor, best[name])


def test_a_finished_run_is_left_alone(settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = train(settings(), tmp_path / "out")
    before = (out / "run.json").stat().st_mtime_ns
    assert train(settings(), out) == out
    assert (out / "run.json").stat().st_mtime_ns == before
    assert "finished" in capsys.readouterr().err
    assert not (out / "state.pt").exists()


def test_changed_corpora_are_refused(
    settings: Settings, data_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch, pytest.raises(Stopped):
        stop_after(3, patch)
        train(settings(), tmp_path / "out")
    path = data_folder / "corpora" / "second" / "train" / "metadata.jsonl"
    storage.write_jsonl(path, list(storage.read_jsonl(path))[1:])
    with pytest.raises(DataError, match="second"):
        train(settings(), tmp_path / "out")


def test_a_missing_corpus_of_any_stage_stops_before_training(settings: Settings, tmp_path: Path) -> None:
    config = settings()
    stages = [stage.model_dump() for stage in config.stages]
    stages[1]["corpora"] = ["absent"]
    with pytest.raises(MissingFileError, match="absent"):
        train(settings(stages=stages), tmp_path / "out")
    assert not (tmp_path / "out" / "checkpoints").exists()


def test_pictures_are_wanted_where_the_captioner_looks(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="'first' can be used"):
        train(settings(captioner={"name": "toys.captioner", "sees": True}), tmp_path / "out")


def test_readings_can_be_demanded(settings: Settings, data_folder: Path, tmp_path: Path) -> None:
    stage = {"name": "read", "corpora": ["first"], "epochs": 1, "lr": 0.01, "readings": True}
    with pytest.raises(DataError, match="have no stored reading"):
        train(settings(stages=[stage]), tmp_path / "out")


def test_starting_from_a_checkpoint(settings: Settings, tmp_path: Path) -> None:
    first = train(settings(), tmp_path / "first")
    still = [{"name": "more", "corpora": ["first"], "steps": 1, "lr": 1e-12, "weight_decay": 0}]
    second = train(settings(stages=still, start_from=str(first)), tmp_path / "second")
    for name, tensor in checkpoint.load(second, trust_code=True).state_dict().items():
        torch.testing.assert_close(tensor, checkpoint.load(first, trust_code=True).state_dict()[name])
    with pytest.raises(ConfigError, match="other settings: width was 16, is 8"):
        train(
            settings(captioner={"name": "toys.captioner", "width": 8}, stages=still, start_from=str(first)),
            tmp_path / "third",
        )


def test_early_stop(settings: Settings, tmp_path: Path) -> None:
    stage = {
        "name": "one", "corpora": ["first"], "epochs": 30, "batch_size": 8, "lr": 1.0, "schedule": "constant",
        "early_stop": {"metric": "loss", "patience": 2},
    }  # fmt: skip
    out = train(settings(stages=[stage], save_every_s=100), tmp_path)
    best = [row["best"] for row in read_log(out) if row["val_loss"]]
    assert len(best) < 30
    assert best[-3:] == ["1", "0", "0"]
