"""What a run came to: its weights, its log, its samples."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

from memecap.training.config import TrainConfig

Settings = Callable[..., TrainConfig]


def read_log(folder: Path) -> list[dict[str, str]]:
    with (folder / "log.csv").open() as file:
        return list(csv.DictReader(file))


def outcome(folder: Path) -> tuple[str, list[dict[str, str]], str]:
    """Everything that must not depend on interruptions."""
    log = [{key: value for key, value in row.items() if key != "tokens_per_s"} for row in read_log(folder)]
    weights = json.loads((folder / "run.json").read_text())["weights_sha256"]
    return weights, log, (folder / "samples.jsonl").read_text()


Run = Callable[..., tuple[int, str]]
