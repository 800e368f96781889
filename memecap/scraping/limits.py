"""How often VK may be called: three times a second, five thousand `wall.get` in any 24 hours.

The clock is an argument, so that tests can let a day pass in no time. The day's calls are kept in a small file, by
hour, for the runs that follow.
"""

from __future__ import annotations

import time
from collections import deque
from datetime import datetime
from pathlib import Path
from typing import Protocol

from memecap import storage
from memecap.errors import DataError, TryLaterError

PER_SECOND = 3
PER_DAY = 5000
HOUR, DAY = 3600, 86400


class Clock(Protocol):
    def time(self) -> float: ...

    def sleep(self, seconds: float) -> None: ...


class SystemClock:
    """The computer's clock, in seconds since 1970."""

    def time(self) -> float:
        return time.time()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


class Limits:
    """Waits before a call where the second is full, and refuses it where the day is."""

    def __init__(
        self, path: Path | None, clock: Clock, *, per_second: int = PER_SECOND, per_day: int = PER_DAY
    ) -> None:
        self.clock = clock
        self._path = path
        self._per_day = per_day
        self._recent: deque[float] = deque(maxlen=per_second)
        self._hours = _read(path)

    def wait(self, n_calls: int = 1) -> None:
        """Before one request that makes `n_calls` calls of `wall.get`.

        Raises:
            TryLaterError: the day's calls are used up; says when it is worth coming back.
        """
        now = self.clock.time()
        # a whole hour is kept until its last second is 24 hours old
        self._hours = {hour: n for hour, n in self._hours.items() if (hour + 1) * HOUR > now - DAY}
        if sum(self._hours.values()) + n_calls > self._per_day:
            again = datetime.fromtimestamp((min(self._hours, default=0) + 1) * HOUR + DAY)
            raise TryLaterError(
                f"{self._per_day} calls of wall.get within 24 hours: VK allows no more",
                where="api.vk.com",
                fix=f"What was read is saved: run the same command again after {again:%Y-%m-%d %H:%M}.",
            )
        if len(self._recent) == self._recent.maxlen:
            wait = self._recent[0] + 1.0 - now
            if wait > 0:
                self.clock.sleep(min(wait, 1.0))  # a clock that was set back must not stop us for long
        now = self.clock.time()
        self._recent.append(now)
        hour = int(now // HOUR)
        self._hours[hour] = self._hours.get(hour, 0) + n_calls
        if self._path is not None:
            storage.write_json(self._path, {str(hour): n for hour, n in self._hours.items()})


def _read(path: Path | None) -> dict[int, int]:
    if path is None or not path.exists():
        return {}
    try:
        return {int(hour): int(n) for hour, n in storage.read_json(path).items()}
    except (AttributeError, TypeError, ValueError) as error:
        raise DataError("not a record of calls by hour", where=path, fix="Remove the file.") from error
