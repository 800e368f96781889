"""How often VK may be called: three times a second, five thousand `wall.get` in any 24 hours.

The clock is an argument, so that tests can let a day pass in no time. VK counts by token, so the day's calls are kept
in one small file for all folders, processes and later runs: {hash of the token: {hour: calls}}, never the token.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Protocol

from filelock import FileLock

from memecap.core import storage
from memecap.errors import DataError, StorageError, TryLaterError

PER_SECOND = 3
PER_DAY = 5000
HOUR, DAY = 3600, 86400


class Clock(Protocol):
    """The module `time`, or a clock like it, in seconds since 1970."""

    def time(self) -> float: ...

    def sleep(self, seconds: float, /) -> None: ...


def default_path() -> Path:
    """The file of calls in the user's cache folder."""
    return storage.cache_folder() / "vk_calls.json"


class Limits:
    """Waits before a call where the second is full, and refuses it where the token's day is.

    Without a `path` the calls are counted for this object alone.
    """

    def __init__(
        self, path: Path | None, clock: Clock, *, token: str = "", per_second: int = PER_SECOND, per_day: int = PER_DAY
    ) -> None:
        self.clock = clock
        self._path = path
        self._token_hash = storage.sha256_bytes(token.encode())[:16]
        self._per_day = per_day
        self._recent: deque[float] = deque(maxlen=per_second)
        self._own: dict[int, int] = {}

    def wait(self, n_calls: int = 1) -> None:
        """Before one request that makes `n_calls` calls of `wall.get`.

        Raises:
            TryLaterError: the day's calls are used up; says when it is worth coming back.
        """
        now = self.clock.time()
        if len(self._recent) == self._recent.maxlen:
            wait = self._recent[0] + 1.0 - now
            if wait > 0:
                self.clock.sleep(min(wait, 1.0))  # a clock that was set back must not stop us for long
                now = self.clock.time()
        with self._hours(now) as hours:
            if sum(hours.values()) + n_calls > self._per_day:
                again = datetime.fromtimestamp((min(hours, default=0) + 1) * HOUR + DAY)
                what = f"{self._per_day} calls of wall.get within 24 hours: VK allows a token no more"
                fix = f"What was read is saved: run the same command again after {again:%Y-%m-%d %H:%M}."
                raise TryLaterError(what, where="api.vk.com", fix=fix)
            hour = int(now // HOUR)
            hours[hour] = hours.get(hour, 0) + n_calls
        self._recent.append(now)

    @contextmanager
    def _hours(self, now: float) -> Iterator[dict[int, int]]:
        """The calls of the last day by hour; what the block changes is kept, if it ends well."""
        if self._path is None:
            self._own = _of_the_day(self._own, now)
            yield self._own
            return
        with _held(self._path):
            tokens = {token: _of_the_day(hours, now) for token, hours in _read(self._path).items()}
            yield tokens.setdefault(self._token_hash, {})
            storage.write_json(self._path, {token: hours for token, hours in tokens.items() if hours})


def _of_the_day(hours: dict[int, int], now: float) -> dict[int, int]:
    """Without what is over: a whole hour counts until its last second is 24 hours old."""
    return {hour: n for hour, n in hours.items() if (hour + 1) * HOUR > now - DAY}


@contextmanager
def _held(path: Path) -> Iterator[None]:
    """Alone with the file; another process has it for moments only."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        held = FileLock(path.with_name(f"{path.name}.lock")).acquire()
    except OSError as error:
        fix = "Check the folder, or name another with MEMECAP_CACHE."
        raise StorageError(f"cannot count VK's calls: {error.strerror or error}", where=path, fix=fix) from error
    with held:
        yield


def _read(path: Path) -> dict[str, dict[int, int]]:
    if not path.exists():
        return {}
    try:
        tokens = storage.read_json(path)
        return {str(token): {int(hour): int(n) for hour, n in hours.items()} for token, hours in tokens.items()}
    except (AttributeError, TypeError, ValueError) as error:
        raise DataError("not a record of calls by token and hour", where=path, fix="Remove the file.") from error
