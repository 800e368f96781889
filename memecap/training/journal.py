"""Journal: what an epoch leaves for people: the log, samples, curves and events on disk, a line at the terminal.

The rows themselves live in `Progress`, so a run that goes on writes files that are as if it had never been stopped.
"""

from __future__ import annotations

import io
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from memecap.core import storage
from memecap.core.progress import say
from memecap.metrics.base import Quantity
from memecap.training.config import TrainConfig
from memecap.training.diagnostics import alarms
from memecap.training.folder import RunFolder
from memecap.training.progress import Progress, Record
from memecap.training.sheet import write_sheet
from memecap.training.stage import Captioned, Epoch
from memecap.training.trackers import Trackers

SECONDS_BETWEEN_DRAWINGS = 30


@dataclass
class Journal:
    """The log, the samples, the curves of a run, and its trackers."""

    folder: RunFolder
    config: TrainConfig
    _drawn_at: float = field(default_factory=time.monotonic)
    _shown: dict[str, Path | None] = field(default_factory=dict)  # the last epoch's samples: image id → picture

    def __post_init__(self) -> None:
        """Raises `UsageError` where a tracker is not installed."""
        names = [*self.config.trackers, *(["tensorboard"] if self.config.tensorboard else [])]
        self._trackers = Trackers(names, self.folder.folder, self.config.model_dump(mode="json"))

    def note_epoch(self, progress: Progress, stage: str, epoch: Epoch) -> None:
        """Add an epoch's row and samples to the progress; every process keeps them."""
        alarm = "; ".join(alarms(epoch.scores, epoch.captioned))
        progress.log_row(stage, **epoch.scores, best=int(epoch.is_best), alarm=alarm)
        shown = epoch.captioned[: self.config.samples]
        progress.samples += [progress.place(stage) | _sample(one) for one in shown]
        self._shown = {one.item.image_id: one.item.picture for one in shown}

    def write(self, progress: Progress) -> None:
        """Write all rows, and tell the last one."""
        self.folder.write_log(progress.log, progress.samples)
        write_sheet(self.folder.folder, progress.samples, self._shown)
        if time.monotonic() - self._drawn_at > SECONDS_BETWEEN_DRAWINGS:
            draw_curves(self.folder.curves, progress.log, self.config.quantities)
            self._drawn_at = time.monotonic()
        row = progress.log[-1]
        self._trackers.add(row)
        say(_line(row))
        if row["alarm"]:
            say(f"  warning: {row['alarm']}")

    def close(self, progress: Progress) -> None:
        """Draw the whole run."""
        self._trackers.close()
        draw_curves(self.folder.curves, progress.log, self.config.quantities)


def _sample(captioned: Captioned) -> Record:
    return {
        "image_id": captioned.item.image_id,
        "reading": captioned.reading.text if captioned.reading else None,
        "reference": captioned.item.captions[0],
        "caption": captioned.caption.text,
    }


def _line(row: Record) -> str:
    """An epoch in one line for the person at the terminal."""
    numbers = [f"{key} {value:.4g}" for key, value in row.items() if isinstance(value, float)]
    mark = "  ← best" if row.get("best") else ""
    return f"{row['stage']}, epoch {row['epoch']}, step {row['step']}: {', '.join(numbers)}{mark}"


def draw_curves(path: Path, log: Sequence[dict[str, Any]], quantities: Mapping[str, Quantity]) -> None:
    """Write the curves of a log's rows; of the scores, those that have a place there, brought to 0–100."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    shown = {f"val_{name}": one for name, one in quantities.items() if "curve" in one.places}
    shown = {key: one for key, one in shown.items() if any(row.get(key) is not None for row in log)}
    figure = Figure(figsize=(10 if shown else 5, 4), layout="constrained")
    FigureCanvasAgg(figure)
    losses, *scores = figure.subplots(1, 2 if shown else 1, squeeze=False)[0]
    _plot(losses, log, "train_loss", "train", alpha=0.6)
    _plot(losses, log, "val_loss", "val", marker="o", markersize=3)
    losses.set(xlabel="optimizer step", ylabel="nats per token")
    for axes in scores:
        for key, one in shown.items():
            _plot(axes, log, key, one.label, 100 / one.unit, marker="o", markersize=3)
        axes.set(xlabel="optimizer step", ylabel="of val captions, 0–100", ylim=(0, None))
    for axes in (losses, *scores):
        for before, after in pairwise(log):
            if before["stage"] != after["stage"]:  # a thin line with the name of the next
                axes.axvline(before["step"], color="grey", linewidth=0.8)
                place = before["step"], 1
                axes.annotate(after["stage"], place, xycoords=("data", "axes fraction"), fontsize=8, va="top")
        axes.grid(alpha=0.25)
        axes.spines[["top", "right"]].set_visible(False)
        if axes.lines and axes.get_legend_handles_labels()[0]:
            axes.legend(frameon=False)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=120)
    storage.write_bytes(path, buffer.getvalue())


def _plot(axes: Any, log: Sequence[dict[str, Any]], key: str, label: str, factor: float = 1, **style: Any) -> None:
    points = [(row["step"], factor * row[key]) for row in log if row.get(key) is not None]
    if points:
        axes.plot(*zip(*points, strict=True), label=label, **style)
