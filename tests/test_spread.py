"""The same answers in the same order, wherever the function runs."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial

import pytest

from memecap.errors import UsageError
from memecap.spread import AHEAD, spread

square = partial(pow, exp=2)  # a worker cannot import functions of a test


def test_here_answers_as_values_are_drawn() -> None:
    drawn = []

    def values() -> Iterator[int]:
        for number in range(3):
            drawn.append(number)
            yield number

    answers = spread(lambda number: number + 1, values())
    assert next(answers) == 1
    assert drawn == [0]


def test_workers_keep_order_and_draw_only_what_they_need() -> None:
    drawn: list[int] = []

    def values() -> Iterator[int]:
        for number in range(200):
            drawn.append(number)
            yield number

    answers = spread(square, values(), on="workers:2", chunk=4)
    first = next(answers)
    assert len(drawn) <= 2 * AHEAD * 4 + 4
    assert [first, *answers] == [number**2 for number in range(200)]


def test_an_error_in_a_worker_comes_out() -> None:
    with pytest.raises(ValueError, match=r"domain|nonnegative"):
        list(spread(math.sqrt, [1, 4, -1, 9], on="workers:1", chunk=2))


def test_workers_may_be_left_early() -> None:
    answers = spread(square, iter(range(1000)), on="workers:1", chunk=2)
    assert next(answers) == 0
    answers.close()  # type: ignore[attr-defined]


@pytest.mark.parametrize("on", ["workers:0", "workers:many", "there", ""])
def test_an_unknown_place_is_named(on: str) -> None:
    with pytest.raises(UsageError, match="cannot run on"):
        spread(len, [], on=on)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # Ray warns of its own settings
def test_ray_gives_the_same_answers() -> None:
    ray = pytest.importorskip("ray", reason="Ray is an optional extra")
    try:
        answers = list(spread(square, range(100), on="ray", chunk=8))
    finally:
        ray.shutdown()
    assert answers == [number**2 for number in range(100)]
