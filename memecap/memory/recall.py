"""From the features of an asked picture to recollections: votes of neighbours, geometry, how sure it is.

In: asked features, the index and the store. Out: `Recollection`s, the surest first.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from memecap.memory.entry import Entry
from memecap.memory.features import Features
from memecap.memory.geometry import NEAR, Consensus, Pairs, agreements, alike, glimpse, inverse, moved
from memecap.memory.index import Index
from memecap.memory.recollection import Box, Recollection, RememberedLine
from memecap.memory.store import Store
from memecap.memory.surface import Surface, surface

NEIGHBOURS = 16  # of each asked feature
ASKED, _PARTS = 500, 4  # features that look for neighbours, from so many parts of each side; all are compared later
SURE = 0.8  # least confidence of a recollection; looked through by eye, wrong ones stand far below
LEAST = 8  # places that must agree
_GLANCED = 30  # entries with the most votes, whose voting features are tried for one transform
_LOOKED = 8  # of those, the ones whose features are all compared
_GLIMPSE = 5  # places that agree at the first glance
_COVERED = 0.05  # least share of the asked picture that a match explains; what is smaller does not say what it shows
_FURNITURE, _SHARED = 0.12, 3  # a place no larger than this share is furniture where so many other groups show it too
_OFF = 0.011  # of the square root of a picture's area: how far a place may be from where it should be


@dataclass(frozen=True, slots=True)
class Match:
    """One transform between an asked picture and an entry."""

    entry: Entry
    found: Consensus
    surface: Surface
    mirrored: bool
    there: NDArray[np.float64]  # [N 2], the places that agree, on the remembered picture

    @property
    def confidence(self) -> float:
        return confidence(self.found.n_places, self.surface.support, self.surface.extent)


@dataclass(frozen=True, slots=True)
class Explained:
    """A recollection with the places that agree, for the eye."""

    recollection: Recollection
    here: NDArray[np.float64]  # [N 2], in pixels of the asked picture
    there: NDArray[np.float64]  # [N 2], of the remembered one


def confidence(n_places: int, support: float, extent: tuple[float, float]) -> float:
    """How surely two pictures show the same, 0..1."""
    strength = 1.6 * math.log(n_places / 14) + 1.2 * math.log(max(support, 0.01) / 0.2)
    thin = math.log(max(extent[1], 1e-3) / 0.03)
    return 1 / (1 + math.exp(-2 * (strength + min(thin, 0.5))))


def recall(
    asked: Features,
    size: tuple[int, int],
    boxes: Sequence[Box],
    index: Index,
    store: Store,
    *,
    exclude: Collection[str],
    at_most: int,
) -> list[Explained]:
    """What is remembered of a picture of `size` (width, height) with text in `boxes`."""
    left_out = store.numbers(exclude) if exclude else set()
    kept: list[Match] = []
    for mirrored in (False, True):
        if not kept:
            matches = list(_matches(asked, size, boxes, index, store, left_out, mirrored=mirrored))
            kept = [match for match in _scenes(matches) if match.confidence >= SURE]
    told = [_told(match, size) for match in kept]
    told.sort(key=lambda each: _surest(each.recollection))
    return told[:at_most]


def _surest(found: Recollection) -> tuple[object, ...]:
    return -found.confidence, -found.inliers, found.image_id, found.corpus, found.box


def _matches(
    asked: Features,
    size: tuple[int, int],
    boxes: Sequence[Box],
    index: Index,
    store: Store,
    left_out: Collection[int],
    *,
    mirrored: bool,
) -> Iterator[Match]:
    seen = asked.mirrored(size[0]) if mirrored else asked
    if mirrored:
        boxes = [(size[0] - right, top, size[0] - left, bottom) for left, top, right, bottom in boxes]
    for entry, remembered in _candidates(seen, size, index, store, left_out):
        pairs = alike(seen, remembered)
        for found in agreements(seen, remembered, pairs, (_off(size), _off(entry.size)), least=LEAST):
            there = remembered.places[found.pairs.remembered].astype(np.float64)
            yield Match(entry, found, surface(found, seen, remembered, size, boxes), mirrored, there)


def _scenes(matches: Sequence[Match]) -> Iterator[Match]:
    """Matches but for furniture: watermarks, logos and avatars, small places that several groups show alike."""
    for match in matches:
        if match.surface.covered < _COVERED:
            continue
        if match.surface.covered < _FURNITURE:
            alike = {other.entry.group_id for other in matches if _same_place(match, other)}
            if len(alike - {match.entry.group_id}) >= _SHARED:
                continue
        yield match


def _same_place(one: Match, other: Match) -> bool:
    """Whether they are agreed on by the same features of the asked picture."""
    mine, theirs = one.found.pairs.asked, other.found.pairs.asked
    return bool(2 * np.isin(mine, theirs).sum() >= min(len(mine), len(theirs)))


def _off(size: tuple[int, int]) -> float:
    return max(_OFF * math.sqrt(size[0] * size[1]), 1.0)


def _candidates(
    asked: Features, size: tuple[int, int], index: Index, store: Store, left_out: Collection[int]
) -> list[tuple[Entry, Features]]:
    """The entries worth a look: many votes, then most votes for one transform."""
    asking = _spread(asked, size)
    near = index.search(asked.vectors[asking], NEIGHBOURS)
    close = (near.distances < NEAR) & (near.rows >= 0)
    if left_out:
        close &= ~np.isin(near.rows, list(left_out))
    who = asking[np.nonzero(close)[0]]
    rows, places, distances = near.rows[close], near.places[close], near.distances[close]
    # a feature votes once for an entry, with its nearest
    order = np.lexsort((distances, rows, who))
    who, rows, places, distances = who[order], rows[order], places[order], distances[order]
    first = np.ones(len(who), np.bool_)
    first[1:] = (who[1:] != who[:-1]) | (rows[1:] != rows[:-1])
    who, rows, places, distances = who[first], rows[first], places[first], distances[first]
    weights = np.exp(-distances / 0.15) / np.sqrt(np.bincount(who, minlength=len(asked))[who])
    found, where = np.unique(rows, return_inverse=True)
    votes = np.bincount(where, weights, len(found))
    most = np.argsort(-votes, kind="stable")[:_GLANCED]
    most = most[np.bincount(where, minlength=len(found))[most] >= _GLIMPSE]
    kept = store.kept(found[most].tolist())
    glanced = []
    for i, number in zip(most, found[most].tolist(), strict=True):
        mine = where == i
        entry, remembered = kept[number]
        pairs = Pairs(who[mine], places[mine], distances[mine])
        agreed = glimpse(asked, remembered, pairs, (_off(size), _off(entry.size)))
        if agreed >= _GLIMPSE:
            glanced.append((-agreed, entry.image_id, entry.corpus, number))
    return [kept[number] for *_, number in sorted(glanced)[:_LOOKED]]


def _spread(asked: Features, size: tuple[int, int]) -> NDArray[np.int64]:
    """Those that look for neighbours: of each part of the picture the strongest in turn, so no panel is left out."""
    n = len(asked)
    if n <= ASKED:
        return np.arange(n)
    parts = np.clip(asked.places * _PARTS // np.array(size), 0, _PARTS - 1) @ (1, _PARTS)
    order = np.argsort(parts, kind="stable")
    ranks = np.empty(n, np.int64)  # within its part
    ranks[order] = np.arange(n) - np.searchsorted(parts[order], parts[order])
    return np.sort(np.argsort(ranks, kind="stable")[:ASKED])


def _told(match: Match, size: tuple[int, int]) -> Explained:
    """A match in the asked picture's own pixels, unmirrored."""
    entry, matrix = match.entry, match.found.matrix
    box, differs = match.surface.box, match.surface.differs
    if match.mirrored:  # x of the asked picture is width - 1 - x of its mirror image
        flip = np.array([[-1.0, 0, size[0] - 1], [0, 1, 0]])
        matrix = np.column_stack([matrix[:, :2] @ flip[:, :2], matrix[:, :2] @ flip[:, 2] + matrix[:, 2]])
        box, *rest = (_flipped(each, size[0]) for each in (box, *differs))
        differs = tuple(rest)
    back = inverse(matrix)
    lines = tuple(RememberedLine(line.text, _carried(line.box, back)) for line in entry.lines)
    recollection = entry.recalled(
        lines=lines,
        box=box,
        covered=round(match.surface.covered, 4),
        inliers=match.found.n_places,
        confidence=round(match.confidence, 4),
        transform=tuple(float(f"{value:.7g}") for value in matrix.ravel()),
        mirrored=match.mirrored,
        differs=differs,
    )
    return Explained(recollection, moved(match.there, back), match.there)


def _flipped(box: Box, width: int) -> Box:
    return width - box[2], box[1], width - box[0], box[3]


def _carried(box: Box, matrix: NDArray[np.float64]) -> Box:
    left, top, right, bottom = box
    corners = moved(np.array([(left, top), (right, top), (left, bottom), (right, bottom)], np.float64), matrix)
    first, last = corners.min(0), corners.max(0)
    return round(first[0]), round(first[1]), round(last[0]), round(last[1])
