"""A corpus of one row, a batch of one, captions of one word and of five hundred: trained on, and said."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from memecap.core import manifest
from memecap.core.manifest import Row
from memecap.training.config import TrainConfig
from memecap.training.run import train

TINY = {"name": "reader_writer", "n_layers": 1, "width": 24, "n_heads": 2, "vocab_size": 512, "max_caption_tokens": 40}


@pytest.mark.parametrize("captioner", [{"name": "toys.captioner"}, TINY], ids=["toy", "reader_writer"])
@pytest.mark.parametrize("caption", ["кот", " ".join(["слово"] * 500)], ids=["one word", "500 words"])
def test_one_row(
    settings: Callable[..., TrainConfig],
    data_folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    captioner: dict[str, Any],
    caption: str,
) -> None:
    row = Row(captions=(caption,), image_id="a", group_id="a", corpus="lone", split="train")
    folder = data_folder / "corpora" / "lone"
    manifest.finish(folder, "lone", manifest.write_rows(folder, [row]))
    stages = [
        {"name": "likely", "corpora": ["lone"], "steps": 2, "batch_size": 1, "lr": 1e-3, "captions": "one"},
        {
            "name": "worthy", "corpora": ["lone"], "epochs": 1, "lr": 1e-3, "early_stop": {"metric": "chrf2"},
            "objective": {"name": "scst", "n_samples": 2, "max_new_tokens": 8},
        },
    ]  # fmt: skip
    out = train(settings(captioner=captioner, stages=stages, log_every=1), tmp_path / "out")
    rows = list(csv.DictReader((out / "log.csv").read_text().splitlines()))
    assert [row["best"] for row in rows if row["best"]] == ["1", "1", "1"]
    said = capsys.readouterr().err
    assert "stage likely: there are no val rows" in said
    assert "stage worthy: 1 train rows are fewer than a step of 32 examples takes" in said
    was_cut = captioner is TINY and len(caption) > 10
    assert ("captions longer than the captioner takes are cut: 1" in said) == was_cut
