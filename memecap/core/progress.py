"""Progress of long work, on stderr, and only where a person is looking at it."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from memecap.core.terminal import plain

Item = TypeVar("Item")
REFRESH_S = 0.1


def bar() -> Progress:
    """A rich progress bar on stderr; it shows nothing when stderr is not a terminal."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        disable=not sys.stderr.isatty(),
        transient=True,
    )


def track(items: Iterable[Item], description: str, total: int | None = None) -> Iterator[Item]:
    """Yield the items, with a progress bar."""
    if total is None and hasattr(items, "__len__"):
        total = len(items)  # type: ignore[arg-type]
    with bar() as progress:
        task = progress.add_task(description, total=total)
        n_done, said = 0, time.monotonic()
        for item in items:
            yield item
            n_done += 1
            if (now := time.monotonic()) - said >= REFRESH_S:  # telling the bar costs more than many an item
                progress.advance(task, n_done)
                n_done, said = 0, now
        progress.advance(task, n_done)


def say(message: str) -> None:
    """One line to the person at the terminal; data goes to stdout, this does not."""
    sys.stderr.write(plain(message, keep="\n") + "\n")
