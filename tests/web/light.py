"""What the process that describes may be in a test: nothing to load, and it does as the test says."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from memecap.web.jobs import Job, Model
from memecap.web.settings import Settings
from memecap.web.worker import Work

WAIT_S = 20.0


def doubled(together: Path | None = None) -> tuple[str, Work[int, int]]:
    """Doubles numbers. A 3 fails the whole batch; -1 kills the process; 0 waits until the file `go` is there."""

    def work(jobs: Sequence[int]) -> list[int | Exception]:
        if together is not None:
            with (together / "sizes").open("a") as file:
                file.write(f"{len(jobs)}\n")
            _until(together / "go")
        if 3 in jobs:
            raise ValueError("three")
        if -1 in jobs:
            os.kill(os.getpid(), signal.SIGKILL)
        return [job * 2 for job in jobs]

    return "ready", work


def fails() -> tuple[str, Work[int, int]]:
    raise Odd("no model", 7)


def dies() -> tuple[str, Work[int, int]]:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


class Odd(Exception):
    """One that cannot be unpickled."""

    def __init__(self, what: str, number: int) -> None:
        super().__init__(f"{what} {number}")


def refusing(settings: Settings) -> tuple[list[Model], Work[Job, dict[str, Any]]]:
    """Refuses everything as soon as the file `go` is in the folder of corrections."""

    def work(jobs: Sequence[Job]) -> list[dict[str, Any] | Exception]:
        if settings.corrections is not None:
            _until(settings.corrections / "go")
        return [ValueError("enough") for _ in jobs]

    return [Model("template", decodes=False, attends=False, standing=None)], work


def _until(file: Path) -> None:
    end = time.monotonic() + WAIT_S
    while not file.exists() and time.monotonic() < end:
        time.sleep(0.01)
