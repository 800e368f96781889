"""Rows of docs/features.md about training runs."""

from __future__ import annotations

import json
import sys
import types
from pathlib import Path
from typing import Any

import pytest
import torch

import memecap
from memecap.core import config
from memecap.errors import UsageError
from memecap.training import trackers
from memecap.training.run import train
from memecap.training.trackers import Trackers
from tests.training.outcomes import Settings, outcome, read_log


def short(settings: Settings, **changes: Any) -> Any:
    stage = {"name": "memes", "corpora": ["second"], "epochs": 2, "batch_size": 4, "lr": 0.01}
    return settings(stages=[stage], **changes)


def test_row_one_line_train(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "run.yaml").write_text(config.to_yaml(short(settings)), encoding="utf-8")
    folder = memecap.train(tmp_path / "run.yaml", tmp_path / "out", ["limit=6", "samples=0"])
    assert json.loads((folder / "run.json").read_text())["steps"] == 4  # six rows in batches of four, twice
    assert not (folder / "samples.html").exists()


def test_row_resume(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = train(short(settings), tmp_path / "whole")
    from memecap.training import loop

    step, done = loop.take_step, []

    def stopped(*arguments: Any) -> Any:
        done.append(1)
        if len(done) == 4:
            raise KeyboardInterrupt
        return step(*arguments)

    monkeypatch.setattr(loop, "take_step", stopped)
    with pytest.raises(KeyboardInterrupt):
        train(short(settings), tmp_path / "cut")
    monkeypatch.setattr(loop, "take_step", step)
    assert outcome(train(short(settings), tmp_path / "cut")) == outcome(whole)


def test_row_run_folder(settings: Settings, pictured: Path, tmp_path: Path) -> None:
    folder = train(short(settings), tmp_path / "out")
    names = {path.name for path in folder.iterdir()}
    assert {"config.yaml", "run.json", "log.csv", "samples.jsonl", "samples.html", "curves.png", "checkpoints"} <= names
    sheet = (folder / "samples.html").read_text(encoding="utf-8")
    samples = [json.loads(line) for line in (folder / "samples.jsonl").read_text().splitlines()]
    assert len(samples) == 4 and sheet.count("<figure>") == 2  # two pictures, after each of two epochs
    assert sheet.count("data:image/jpeg") == 2 and "<script" not in sheet
    assert sheet.count("memes 1</small>") == sheet.count("memes 2</small>") == 2


def test_row_live_samples(settings: Settings, pictured: Path, tmp_path: Path) -> None:
    from memecap.training.sheet import write_sheet

    said = {
        "stage": "a<b",
        "epoch": 1,
        "step": 3,
        "image_id": "x",
        "reading": "<i>",
        "reference": "&",
        "caption": "<b>",
    }
    picture = next((pictured / "val" / "images").iterdir())
    page = write_sheet(tmp_path, [said, said | {"epoch": 2, "caption": "кот"}], {"x": picture})
    assert page is not None
    text = page.read_text(encoding="utf-8")
    assert text.index("кот") < text.index("&lt;b&gt;") and "<b>" not in text and "a&lt;b" in text
    assert write_sheet(tmp_path, [], {}) is None


class Service:
    """As trackio and wandb are called; it can fail from some call on."""

    def __init__(self, fails_at: int | None = None) -> None:
        self.calls: list[tuple[str, Any]] = []
        self.fails_at = fails_at

    def module(self, name: str) -> types.ModuleType:
        made = types.ModuleType(name)
        made.__spec__ = types.SimpleNamespace(name=name)  # type: ignore[assignment]
        for call in ("init", "log", "finish"):
            setattr(made, call, lambda *given, call=call, **named: self._called(call, given, named))
        return made

    def _called(self, name: str, given: tuple[Any, ...], named: dict[str, Any]) -> None:
        self.calls.append((name, named | ({"numbers": given[0]} if given else {})))
        if self.fails_at is not None and len(self.calls) > self.fails_at:
            raise ConnectionError("no answer")


def test_row_trackers(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    good, bad = Service(), Service(fails_at=1)
    monkeypatch.setitem(sys.modules, "trackio", good.module("trackio"))
    monkeypatch.setitem(sys.modules, "wandb", bad.module("wandb"))
    folder = train(short(settings, trackers=["csv", "trackio", "wandb"]), tmp_path / "out")
    assert (folder / "run.json").exists() and read_log(folder)
    names = [name for name, _ in good.calls]
    assert names[0] == "init" and names[-1] == "finish" and names.count("log") == 2  # an epoch each
    logged = [told for name, told in good.calls if name == "log"]
    assert [told["step"] for told in logged] == sorted(told["step"] for told in logged)
    assert "val_loss" in logged[0]["numbers"] and "stage" not in logged[0]["numbers"]
    assert len(bad.calls) == 2 and capsys.readouterr().err.count("wandb failed") == 1


def test_row_trackers_that_are_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trackers, "find_spec", lambda _name: None)
    with pytest.raises(UsageError, match="wandb is not installed"):
        Trackers(["csv", "wandb"], tmp_path, {})
    Trackers(["csv"], tmp_path, {}).add({"step": 1, "val_loss": 2.0})


def test_row_nan_recovery(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    from memecap.training import optim

    add, calls = optim.add_gradient, []

    def poisoned(run: Any, window: Any) -> Any:
        found = add(run, window)
        calls.append(1)
        if len(calls) == 2:
            parameter = next(each for each in run.model.parameters() if each.grad is not None)
            parameter.grad.fill_(torch.nan)
        return found

    monkeypatch.setattr(optim, "add_gradient", poisoned)
    folder = train(short(settings), tmp_path / "out")
    assert (folder / "run.json").exists()
    assert "back to the last epoch's weights" in capsys.readouterr().err
