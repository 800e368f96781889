"""Where on the asked picture a match lies: its box, how much it covers and explains, and where something else is shown.

Everything is drawn on a grid of `CELLS` × `CELLS` over the asked picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from memecap.memory.features import Features
from memecap.memory.geometry import Consensus, inverse, moved
from memecap.memory.recollection import Box

CELLS = 32
_REACH = 2  # cells around a feature that it speaks for
_ENOUGH = 4  # features that make an empty spot of a match remarkable

Grid = NDArray[np.bool_]  # [CELLS CELLS], rows from the top


@dataclass(frozen=True, slots=True)
class Surface:
    """What a match covers."""

    box: Box
    covered: float  # 0..1 of the asked picture outside its text
    support: float  # 0..1: of the features of either picture where the match lies, the share that agrees
    differs: tuple[Box, ...]
    extent: tuple[float, float]  # standard deviation of the matched places along their two axes, shares of the diagonal


def surface(
    found: Consensus, asked: Features, remembered: Features, size: tuple[int, int], boxes: Sequence[Box]
) -> Surface:
    """Of a match on an asked picture of `size` (width, height) with text in `boxes`."""
    places = asked.places[found.pairs.asked]
    cell = np.array(size, np.float64) / CELLS
    text = _boxes_on_grid(boxes, cell)
    matched = _counts(places, cell)
    spoken = _shrunk(_grown(matched > 0, _REACH), 1)
    theirs = moved(remembered.places, inverse(found.matrix))
    mine, expected = _counts(asked.places, cell), _counts(theirs, cell)
    inside = spoken & ~text
    held = min(mine[inside].sum(), expected[inside].sum())
    support = float(matched[inside].sum() / max(held, 1))
    free = max(int((~text).sum()), 1)
    return Surface(
        box=_box(places, cell, size),
        covered=float(inside.sum() / free),
        support=min(support, 1.0),
        differs=_differing(matched, mine, expected, text, cell, size),
        extent=_extent(places, size),
    )


def _counts(places: NDArray[np.floating], cell: NDArray[np.float64]) -> NDArray[np.int64]:
    """How many features lie in each cell; those outside the picture in none."""
    at = np.floor(places / cell).astype(np.int64)
    at = at[((at >= 0) & (at < CELLS)).all(1)]
    counts = np.zeros((CELLS, CELLS), np.int64)
    np.add.at(counts, (at[:, 1], at[:, 0]), 1)
    return counts


def _boxes_on_grid(boxes: Sequence[Box], cell: NDArray[np.float64]) -> Grid:
    grid = np.zeros((CELLS, CELLS), np.bool_)
    middles = np.arange(CELLS) + 0.5
    for left, top, right, bottom in boxes:
        x, y = middles * cell[0], middles * cell[1]
        grid |= ((y >= top) & (y <= bottom))[:, None] & ((x >= left) & (x <= right))[None]
    return grid


def _grown(grid: Grid, reach: int) -> Grid:
    padded = np.pad(grid, reach)
    shifts = range(2 * reach + 1)
    grown: Grid = np.logical_or.reduce([padded[y : y + CELLS, x : x + CELLS] for y in shifts for x in shifts])
    return grown


def _closed(grid: Grid, reach: int) -> Grid:
    """The grid with its narrow gaps filled: grown, then shrunk by as much."""
    return _shrunk(_grown(grid, reach), reach)


def _shrunk(grid: Grid, reach: int) -> Grid:
    return ~_grown(~grid, reach)


def _box(places: NDArray[np.floating], cell: NDArray[np.float64], size: tuple[int, int]) -> Box:
    first, last = places.min(0) - cell, places.max(0) + cell
    left, top = np.maximum(first, 0).astype(int)
    right, bottom = np.minimum(np.ceil(last), size).astype(int)
    return int(left), int(top), int(right), int(bottom)


def _extent(places: NDArray[np.floating], size: tuple[int, int]) -> tuple[float, float]:
    spread = np.sqrt(np.maximum(np.linalg.eigvalsh(np.cov(places.T)), 0)) / np.hypot(*size)
    return float(spread[1]), float(spread[0])


def _differing(
    matched: NDArray[np.int64],
    mine: NDArray[np.int64],
    expected: NDArray[np.int64],
    text: Grid,
    cell: NDArray[np.float64],
    size: tuple[int, int],
) -> tuple[Box, ...]:
    """Boxes around cells where both pictures have features, and hardly one agrees, between cells where many do."""
    near = [_sums(counts, 1) for counts in (matched, mine, expected)]
    odd = (near[0] * 8 < np.minimum(near[1], near[2])) & (np.minimum(near[1], near[2]) >= _ENOUGH) & ~_grown(text, 1)
    hull = _hull(matched > 0)
    found = []
    for part in _parts(_closed(odd & hull, _REACH)):
        ys, xs = np.nonzero(part)
        if len(ys) < 6:  # cells
            continue
        left, top = xs.min() * cell[0], ys.min() * cell[1]
        right, bottom = (xs.max() + 1) * cell[0], (ys.max() + 1) * cell[1]
        found.append((int(left), int(top), min(round(right), size[0]), min(round(bottom), size[1])))
    return tuple(found)


def _sums(counts: NDArray[np.int64], reach: int) -> NDArray[np.int64]:
    padded = np.pad(counts, reach)
    shifts = range(2 * reach + 1)
    return np.asarray(np.sum([padded[y : y + CELLS, x : x + CELLS] for y in shifts for x in shifts], axis=0), np.int64)


def _hull(grid: Grid) -> Grid:
    """The box around the cells, which a match of at least three places has."""
    ys, xs = np.nonzero(grid)
    hull = np.zeros_like(grid)
    hull[ys.min() : ys.max() + 1, xs.min() : xs.max() + 1] = True
    return hull


def _parts(grid: Grid) -> list[Grid]:
    """Its connected parts, from the top left."""
    import cv2

    n, labels = cv2.connectedComponents(grid.astype(np.uint8), connectivity=4)
    return [labels == i for i in range(1, n)]
