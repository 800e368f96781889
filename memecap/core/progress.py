"""Progress of long work and messages, on stderr: a bar for who looks at it, lines or JSON for who asks, or nothing.

`auto` draws a bar where stderr is a terminal and is silent elsewhere; `plain` writes a line now and then; `json` writes
one JSON object a line, messages and errors included; `none` shows no progress. `quiet` leaves out the messages, never
what went wrong.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar, get_args

from memecap.core.spelling import choose
from memecap.core.terminal import plain
from memecap.errors import MemecapError

if TYPE_CHECKING:
    from rich.console import Console

Item = TypeVar("Item")
Mode = Literal["auto", "plain", "json", "none"]
MODES: tuple[str, ...] = get_args(Mode)
REFRESH_S = 0.1
LINE_S = {"plain": 5.0, "json": 1.0}  # seconds between two lines of one task


class _Shown:
    """What this process shows; the command line sets it."""

    mode: str = "auto"
    quiet: bool = False


class Bar(Protocol):
    """The progress of tasks, as `bar` opens it."""

    def add_task(self, description: str, *, total: float | None = None) -> Any: ...
    def advance(self, task_id: Any, advance: float = 1) -> None: ...


@contextmanager
def showing(mode: str | None = None, *, quiet: bool | None = None) -> Iterator[None]:
    """Within the block, show progress so; None leaves it as it is. Raises `UsageError` at an unknown mode.

    An error of ours that ends the block leaves it so, for the error to be told in the same way; `as_usual` ends that.
    """
    before = _Shown.mode, _Shown.quiet
    if mode is not None:
        _Shown.mode = choose(mode, MODES, "way to show progress", where="--progress")
    if quiet is not None:
        _Shown.quiet = quiet
    try:
        yield
    except MemecapError:
        raise
    except BaseException:
        _Shown.mode, _Shown.quiet = before
        raise
    _Shown.mode, _Shown.quiet = before


def as_usual() -> None:
    """Show progress as when nothing was said about it."""
    _Shown.mode, _Shown.quiet = "auto", False


def bar() -> AbstractContextManager[Bar]:
    """Progress on stderr, in the way that is chosen."""
    if _Shown.mode in LINE_S:
        return _lines(LINE_S[_Shown.mode])
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console(),
        disable=_Shown.mode == "none" or _Shown.quiet or not sys.stderr.isatty(),
        transient=True,
    )


def console() -> Console:
    """The terminal that progress is drawn on; NO_COLOR and TERM=dumb are obeyed."""
    from rich.console import Console

    return Console(stderr=True)


def track(items: Iterable[Item], description: str, total: int | None = None) -> Iterator[Item]:
    """Yield the items, with progress."""
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
    """A line to the person at the terminal; data goes to stdout, this does not."""
    if not _Shown.quiet:
        complain(message, event="message")


def complain(message: str, *, event: str = "failure") -> None:
    """The same of what went wrong with one of many things: it is said also when messages are not wanted."""
    if _Shown.mode == "json":
        _emit({"event": event, "text": message})
    else:
        sys.stderr.write(plain(message, keep="\n") + "\n")


def fail(message: str, **facts: Any) -> None:
    """What ended the command; the facts are for programs."""
    if _Shown.mode == "json":
        _emit({"event": "error", **facts})
    else:
        sys.stderr.write(plain(f"error: {message}\n", keep="\n"))


def _emit(record: dict[str, Any]) -> None:
    sys.stderr.write(json.dumps(record) + "\n")
    sys.stderr.flush()


class _Line:
    """Where one task stands, a line now and then."""

    def __init__(self, description: str, total: float | None, every_s: float) -> None:
        self._description, self._total, self._every_s = description, total, every_s
        self._done, self._began = 0.0, time.monotonic()
        self._said_at, self._said = self._began, -1.0

    def advance(self, n: float) -> None:
        self._done += n
        if time.monotonic() - self._said_at >= self._every_s:
            self.tell()

    def tell(self) -> None:
        """Say it, unless that was the last that was said."""
        if self._done == self._said:
            return
        self._said, self._said_at = self._done, time.monotonic()
        seconds, total = self._said_at - self._began, self._total
        if _Shown.mode == "json":
            numbers = {"done": self._done, "total": total, "seconds": round(seconds, 2)}
            _emit({"event": "progress", "task": self._description, **numbers})
        else:
            of = "" if total is None else f"/{total:g}"
            sys.stderr.write(plain(f"{self._description}: {self._done:g}{of}, {seconds:.0f} s") + "\n")


class _Lines:
    """A `Bar` of lines."""

    def __init__(self, every_s: float) -> None:
        self._every_s = every_s
        self.tasks: list[_Line] = []

    def add_task(self, description: str, *, total: float | None = None) -> int:
        self.tasks.append(_Line(description, total, self._every_s))
        return len(self.tasks) - 1

    def advance(self, task_id: int, advance: float = 1) -> None:
        self.tasks[task_id].advance(advance)


@contextmanager
def _lines(every_s: float) -> Iterator[_Lines]:
    """Each task's last line comes when the work ends, well or not."""
    lines = _Lines(every_s)
    try:
        yield lines
    finally:
        for task in lines.tasks:
            task.tell()
