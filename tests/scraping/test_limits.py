"""How often VK is called: the count of a day, by token, over folders, processes and runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from memecap.errors import TryLaterError
from memecap.scraping.limits import Limits
from tests.scraping.conftest import VirtualClock


def test_never_more_than_five_thousand_calls_in_any_24_hours(clock: VirtualClock, tmp_path: Path) -> None:
    path, times = tmp_path / "calls.json", []
    for _ in range(6):
        limits = Limits(path, clock)  # as every new run does
        while True:
            try:
                limits.wait(250)  # ten batches at once keep the test short
            except TryLaterError:
                break
            times += [clock.now] * 250
            clock.now += 1000
        clock.now += 3600 * 9
    assert len(times) == 10_000
    assert all(later - first >= 86_400 for first, later in zip(times, times[5000:], strict=False))


def test_the_day_being_full_says_when_to_come_back(clock: VirtualClock) -> None:
    limits = Limits(None, clock, per_day=3)
    for _ in range(3):
        limits.wait()
    with pytest.raises(TryLaterError, match=r"after \d{4}-\d\d-\d\d \d\d:\d\d"):
        limits.wait()


def test_a_full_day_of_one_token_is_not_anothers(tmp_path: Path, clock: VirtualClock) -> None:
    path = tmp_path / "calls.json"
    Limits(path, clock, token="one").wait(4990)
    Limits(path, clock, token="two").wait(20)
    with pytest.raises(TryLaterError, match="a token no more"):
        Limits(path, clock, token="one").wait(20)
    Limits(path, clock, token="one").wait(10)
    clock.now += 90_000
    Limits(path, clock, token="one").wait(5000)
    assert "two" not in path.read_text() and len(json.loads(path.read_text())) == 1  # what is over is forgotten


def test_two_runs_at_once_share_the_count(tmp_path: Path, clock: VirtualClock) -> None:
    one, two = (Limits(tmp_path / "calls.json", clock, token="t", per_day=7) for _ in range(2))
    for limits in (one, two, one, two, one, two, one):
        limits.wait()
    for limits in (one, two):
        with pytest.raises(TryLaterError):
            limits.wait()
