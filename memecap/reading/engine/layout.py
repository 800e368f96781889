"""Rows in the order a person reads them: a recursive cut of the picture along its widest empty band.

In: rows of words. Out: the same rows, ordered. Source: the recursive X-Y cut (Nagy & Seth 1984), bands measured in
heights of a line, so that panels and columns part before the lines of one paragraph do.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from memecap.reading.base import Box, around
from memecap.reading.engine.merge import Row

COLUMN_GAP = 1.2  # an empty vertical band at least so wide, in line heights, parts columns
MAX_TOUCH = 0.3  # line heights by which two lines that are parted may overlap
COLUMN_BIAS = 1.5  # columns win over panels only where their band is so much wider


def in_reading_order(rows: Sequence[Row]) -> list[Row]:
    """Order rows by panels from top to bottom and columns from left to right."""
    if len(rows) < 2:
        return list(rows)
    boxes = [row_box(row) for row in rows]
    height = median(box[3] - box[1] for box in boxes)
    down = _widest_gap([(box[1], box[3]) for box in boxes])
    across = _widest_gap([(box[0], box[2]) for box in boxes])
    if across[0] > max(COLUMN_GAP * height, COLUMN_BIAS * max(down[0], 0)):
        return _split(rows, [box[0] >= across[1] for box in boxes])
    if down[0] > -MAX_TOUCH * height:
        return _split(rows, [box[1] >= down[1] for box in boxes])
    return sorted(rows, key=lambda row: (row_box(row)[1], row_box(row)[0]))


def row_box(row: Row) -> Box:
    """The box around a row's words."""
    return around(seen.word.box for seen in row)


def _split(rows: Sequence[Row], is_second: Sequence[bool]) -> list[Row]:
    first = [row for row, second in zip(rows, is_second, strict=True) if not second]
    second = [row for row, second in zip(rows, is_second, strict=True) if second]
    return in_reading_order(first) + in_reading_order(second)


def _widest_gap(spans: Sequence[tuple[int, int]]) -> tuple[float, int]:
    """The widest band between the spans and where its far side begins; (-inf, 0) where all start together."""
    best = (float("-inf"), 0)
    first, reach = min(spans)
    for start, end in sorted(spans):
        if start > first and start - reach > best[0]:
            best = (start - reach, start)
        reach = max(reach, end)
    return best
