"""What the captioner is told of a row while it learns."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from memecap.reading.base import Line, Reading
from memecap.training.data import Examples
from memecap.training.items import Item

LINES = tuple(Line(f"строка {i}", (0, 20 * i, 90, 20 * i + 15), 0.9) for i in range(40))
ITEM = Item("a", ("подпись",), None, Reading(LINES, 100, 800, "test"))


def examples(item: Item, **settings: Any) -> Examples:
    return Examples(None, [item], None, simulate=False, **settings)  # type: ignore[arg-type]


def test_lines_are_lost_by_chance_and_the_same_ones_for_a_seed() -> None:
    shown = examples(ITEM, line_dropout=0.25)
    first, again, other = (shown.reading(0, 0, seed) for seed in ("1/2", "1/2", "1/3"))
    assert first == again != other
    assert first is not None and 20 < len(first.lines) < 38
    assert [line for line in LINES if line in first.lines] == list(first.lines)


def test_a_reading_is_never_lost_whole_and_nothing_is_lost_unasked() -> None:
    one = replace(ITEM, reading=Reading(LINES[:1], 100, 800, "test"))
    assert all(examples(one, line_dropout=0.99).reading(0, 0, str(i)) == one.reading for i in range(20))
    assert examples(ITEM).reading(0, 0, "1") is ITEM.reading
    assert examples(replace(ITEM, reading=None), line_dropout=0.5).reading(0, 0, "1") is None
