"""RunFolder: what a run leaves on disk, each file whole or absent.

config.yaml            the resolved settings
checkpoints/best       the best epoch of the latest stage
checkpoints/last       the latest epoch
state.pt               everything needed to go on at the exact step
log.csv                a row for every few steps and for each epoch
samples.jsonl          captions of the same val pictures after each epoch
curves.png             loss and scores over the steps
tensorboard/           events, when asked for
run.json               written last: its existence means that the run is finished
"""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from memecap.core import config, storage, sums, tensors
from memecap.errors import ConfigError, DataError
from memecap.scoring.quantities import of_epoch
from memecap.training.config import OPERATIONAL, TrainConfig
from memecap.training.progress import Record

#: of log.csv, before and after the scores of captions
FIRST = ("stage", "epoch", "step", "lr", "train_loss", "train_reward", "gradient_norm", "tokens_per_s",
         "val_loss", "val_gap")  # fmt: skip
LAST = ("val_distinct", "val_looped", "val_finished", "best", "alarm")

FORMAT = 2  # of state.pt; 1 did not say so
_STATE = {"progress", "weights", "optimizer", "random", "corpora", "n_threads"}


class RunFolder:
    """Paths and writing; it knows nothing of training."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.best = folder / "checkpoints" / "best"
        self.last = folder / "checkpoints" / "last"
        self.curves = folder / "curves.png"
        self.manifest = folder / "run.json"

    def claim(self, wanted: TrainConfig) -> None:
        """Write the settings, or see that the run begun here had the same.

        Raises:
            ConfigError: another run lives in this folder.
        """
        if changed := self.changes(wanted):
            raise ConfigError(
                f"the run in this folder was begun with other settings: {'; '.join(changed)}",
                where=self.folder,
                fix="Choose another --out, or remove the folder to begin anew.",
            )
        storage.write_text(self.folder / "config.yaml", config.to_yaml(wanted))

    def changes(self, wanted: TrainConfig) -> list[str]:
        """How these settings differ from those the run was begun with; empty where none was begun."""
        path = self.folder / "config.yaml"
        begun = config.load(TrainConfig, path) if path.exists() else wanted
        return differences(begun.model_dump(mode="json"), wanted.model_dump(mode="json"))

    def recover(self) -> None:
        """Mend what a killed save left: put back a checkpoint that had stepped aside, remove what is half made."""
        home = self.folder / "checkpoints"
        for folder in (self.best, self.last):
            aside = sorted(home.glob(f".{folder.name}.*.old"), key=lambda path: path.stat().st_mtime)
            if aside and not folder.exists():
                aside[-1].rename(folder)
            for left in home.glob(f".{folder.name}.*"):
                shutil.rmtree(left)

    def save_state(self, state: Record) -> None:
        buffer = io.BytesIO()
        torch.save({"format": FORMAT, **state}, buffer)
        storage.write_bytes(self.folder / "state.pt", buffer.getbuffer())  # type: ignore[arg-type]

    def load_state(self) -> Record | None:
        """The saved state, None where there is none. Raises `DataError` when it cannot be read."""
        path, anew = self.folder / "state.pt", "Remove the folder and begin anew."
        if not path.exists():
            return None
        state = tensors.read_pickle(path, fix=anew)
        if not isinstance(state, dict) or not state.keys() >= _STATE:
            raise DataError("not the state of a run", where=path, fix=anew)
        if state.get("format", 1) > FORMAT:
            raise DataError(
                f"the state is of format {state['format']}, and this memecap knows formats up to {FORMAT}",
                where=path,
                fix="Install the memecap that began this run, or a newer one.",
            )
        return state

    def write_log(self, log: Sequence[Record], samples: Sequence[Record]) -> None:
        """log.csv and samples.jsonl, from all their rows; scores that this run asked for stand last."""
        columns = [*FIRST, *(f"val_{name}" for name in of_epoch()), *LAST]
        more = sorted({key for row in log for key in row if key not in columns})
        with storage.atomic_writer(self.folder / "log.csv") as file:
            writer = csv.DictWriter(file, [*columns, *more], lineterminator="\n")
            writer.writeheader()
            for row in log:
                short = {key: f"{value:.6g}" for key, value in row.items() if isinstance(value, float)}
                writer.writerow(row | short)
        storage.write_jsonl(self.folder / "samples.jsonl", samples)

    def finish(self, record: Record) -> None:
        """Write the manifest of a finished run and drop the state, which is of no more use."""
        files = (path for path in self.folder.iterdir() if path.suffix in (".yaml", ".csv", ".jsonl", ".png", ".html"))
        sums.record(self.folder, files, {self.manifest.name: storage.to_json(record).encode()})
        storage.write_json(self.manifest, record)
        (self.folder / "state.pt").unlink(missing_ok=True)


def differences(old: Any, new: Any, key: str = "") -> list[str]:
    """The keys whose values differ, each with both; keys that do not change what comes out are passed over."""
    if old == new or key in OPERATIONAL:
        return []
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new) and isinstance(old[0], dict):
        old, new = dict(enumerate(old)), dict(enumerate(new))
    if not (isinstance(old, dict) and isinstance(new, dict)):
        return [f"{key} was {old!r}, is {new!r}"]
    places = {name: f"{key}.{name}" if key else name for name in sorted(old.keys() | new.keys())}
    return [line for name, place in places.items() for line in differences(old.get(name), new.get(name), place)]
