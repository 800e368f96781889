"""Journal: what an epoch leaves for people, on disk and at the terminal.

The rows themselves live in `Progress`, so a run that goes on writes files that are as if it had never been stopped.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from memecap.core.progress import say
from memecap.metrics.base import Quantity
from memecap.training.alarms import alarms
from memecap.training.events import Events
from memecap.training.folder import RunFolder
from memecap.training.progress import Progress, Record
from memecap.training.stage import Captioned

SECONDS_BETWEEN_DRAWINGS = 30


class Journal:
    """The log, the samples, the curves and the events of a run."""

    def __init__(
        self, folder: RunFolder, *, quantities: Mapping[str, Quantity], samples: int, tensorboard: bool
    ) -> None:
        self.folder = folder
        self.quantities = quantities
        self.samples = samples
        self.events = Events(folder.folder / "tensorboard", on=tensorboard)
        self.drawn_at = time.monotonic()

    def note_epoch(self, progress: Progress, stage: str, scores: Record, captioned: Sequence[Captioned]) -> None:
        """Add an epoch's row and samples to the progress; every process keeps them."""
        alarm = "; ".join(alarms(scores, captioned))
        progress.log_row(stage, **scores, alarm=alarm)
        progress.samples += [progress.place(stage) | _sample(one) for one in captioned[: self.samples]]

    def write(self, progress: Progress) -> None:
        """Write all rows, and tell the last one."""
        self.folder.write_log(progress.log, progress.samples)
        if time.monotonic() - self.drawn_at > SECONDS_BETWEEN_DRAWINGS:
            self.folder.draw(progress.log, self.quantities)
            self.drawn_at = time.monotonic()
        row = progress.log[-1]
        self.events.add(row)
        say(_line(row))
        if row["alarm"]:
            say(f"  warning: {row['alarm']}")

    def close(self, progress: Progress) -> None:
        """Draw the whole run."""
        self.events.close()
        self.folder.draw(progress.log, self.quantities)


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
