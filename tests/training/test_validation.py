"""After an epoch: how many captions a score is of."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from memecap.core import storage
from memecap.errors import ConfigError
from memecap.evaluation.evaluate import evaluate
from memecap.inference.load import load_captioner
from memecap.reading.base import Reading
from memecap.scoring import score as scoring
from memecap.training.config import TrainConfig
from memecap.training.run import train

OF_CAPTIONS = ("val_chrf2", "val_bleu4", "val_meteor", "val_quoted_recall", "val_distinct", "val_finished")
STAGE = {"name": "only", "corpora": ["second"], "epochs": 1, "batch_size": 8, "lr": 0.01}


def epoch_of(folder: Path) -> tuple[dict[str, str], Sequence[Any]]:
    """The last row of the log and the samples that were kept."""
    rows = list(csv.DictReader((folder / "log.csv").read_text(encoding="utf-8").splitlines()))
    samples = [json.loads(line) for line in (folder / "samples.jsonl").read_text(encoding="utf-8").splitlines()]
    return rows[-1], samples


def test_without_val_captions_samples_are_kept_and_nothing_is_scored(
    settings: Callable[..., TrainConfig], tmp_path: Path
) -> None:
    row, samples = epoch_of(train(settings(stages=[STAGE], val_captions=0, samples=4), tmp_path / "out"))
    assert len(samples) == 4 and row["val_loss"]
    assert not any(row.get(name) for name in OF_CAPTIONS)


def test_a_score_is_of_val_captions_and_not_of_more(
    settings: Callable[..., TrainConfig], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measure, counts = scoring.measure, []

    def counted(captions: Sequence[str], references: Sequence[Sequence[str]], **further: Any) -> Any:
        counts.append(len(captions))
        return measure(captions, references, **further)

    monkeypatch.setattr(scoring, "measure", counted)
    row, samples = epoch_of(train(settings(stages=[STAGE], val_captions=2, samples=4), tmp_path / "out"))
    assert counts == [2] and len(samples) == 4 and row["val_chrf2"]


def test_captions_are_those_of_caption_and_of_an_evaluation(
    settings: Callable[..., TrainConfig], pictured: Path, tmp_path: Path
) -> None:
    seeing = {"name": "toys.captioner", "sees": True, "frozen": True}
    run = train(settings(captioner=seeing, stages=[STAGE], val_captions=4, samples=4), tmp_path / "out")
    said = [sample["caption"] for sample in epoch_of(run)[1]]
    evaluate(run, pictured, tmp_path / "val", resamples=100, device="cpu", trust_code=True)
    rows = list(storage.read_jsonl(tmp_path / "val" / "captions.jsonl"))
    assert said == [row["caption"] for row in rows] and len(set(said)) > 1
    captioner = load_captioner(run, reader=None, device="cpu", trust_code=True)
    readings = [Reading.from_json(row["reading"]) for row in rows]
    found = captioner.describe([pictured / "val" / row["file_name"] for row in rows], readings)
    assert said == [caption.text for caption in found]


def test_a_stage_cannot_stop_on_a_score_that_is_not_measured(settings: Callable[..., TrainConfig]) -> None:
    with pytest.raises(ConfigError, match="val_captions: 0"):
        settings(stages=[STAGE | {"early_stop": {"metric": "chrf2"}}], val_captions=0)
    assert settings(stages=[STAGE | {"early_stop": {"metric": "loss"}}], val_captions=0).val_captions == 0
