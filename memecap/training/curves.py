"""The log of a run → one PNG: loss on the left, scores of val captions on the right, a line where a stage begins."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from memecap.core import storage
from memecap.metrics.base import Quantity


def draw_curves(path: Path, log: Sequence[dict[str, Any]], quantities: Mapping[str, Quantity]) -> None:
    """Write the curves of a log's rows; of the scores, those that have a place there, brought to 0–100."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 4), layout="constrained")
    FigureCanvasAgg(figure)
    losses, scores = figure.subplots(1, 2)
    _plot(losses, log, "train_loss", "train", alpha=0.6)
    _plot(losses, log, "val_loss", "val", marker="o", markersize=3)
    losses.set(xlabel="optimizer step", ylabel="nats per token")
    for name, one in quantities.items():
        if "curve" in one.places:
            _plot(scores, log, f"val_{name}", one.label, 100 / one.unit, marker="o", markersize=3)
    scores.set(xlabel="optimizer step", ylabel="of val captions, 0–100", ylim=(0, None))
    for axes in (losses, scores):
        _mark_stages(axes, log)
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


def _mark_stages(axes: Any, log: Sequence[dict[str, Any]]) -> None:
    """A thin line after the last step of each stage, with the name of the next."""
    for before, after in pairwise(log):
        if before["stage"] != after["stage"]:
            axes.axvline(before["step"], color="grey", linewidth=0.8)
            axes.annotate(after["stage"], (before["step"], 1), xycoords=("data", "axes fraction"), fontsize=8, va="top")
