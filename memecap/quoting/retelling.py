"""A remembered description told of the picture in front of us: its scene stays, its quotes become the lines read here.

In: a recollection, whose lines lie where the remembered picture had them, and a reading. Out: pieces (slots.py).

A quote of the remembered caption belongs to lines of the remembered picture; the lines that lie there now take its
place. Lines that lie near none go to a quote whose place is not known, or else to the nearest one, for what stands on a
picture is told.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

from memecap.memory.recollection import Recollection
from memecap.quoting.slots import UNREAD, Piece, bare, to_pieces
from memecap.quoting.tweet import text_of
from memecap.reading.base import Box, Line, Reading

NEAR = 0.06  # of the picture's diagonal: a line so far from a quote's lines stands in its place
LEAST_SURE = 0.2  # lines below it are not told


def retell(
    found: Recollection, reading: Reading | None, *, caption: str | None = None, min_similarity: float = 72.0
) -> list[Piece]:
    """The remembered caption (the first, unless another one is given) around the lines of this reading."""
    width, height = (reading.width, reading.height) if reading else (0, 0)
    lines = tuple(Line(line.text, line.box, 1.0) for line in found.lines)
    remembered = Reading(lines, width, height, "remembered")
    told = to_pieces(caption or found.captions[0], remembered, min_similarity=min_similarity)
    runs = [(quoted, list(run)) for quoted, run in itertools.groupby(told, key=_is_quote)]
    quotes = [[found.lines[i].box for i in run if isinstance(i, int) and i >= 0] for quoted, run in runs if quoted]
    places = iter(_placed(quotes, reading, same=found.inliers > 0))
    pieces: list[Piece] = []
    for quoted, run in runs:
        here = next(places) if quoted else []
        if not quoted:
            pieces += run
        elif here:
            pieces += here
        else:
            _close(pieces)
    rest = next(places)
    return [*pieces, " надпись:", *rest, "."] if rest else pieces


def _is_quote(piece: Piece) -> bool:
    return isinstance(piece, int) and (piece >= 0 or piece == UNREAD)


def _close(pieces: list[Piece]) -> None:
    """Before a quote that is not there any more stands no colon."""
    if pieces and isinstance(pieces[-1], str):
        pieces[-1] = pieces[-1].rstrip().rstrip(":—–-").rstrip() + " "


def _placed(quotes: Sequence[Sequence[Box]], reading: Reading | None, *, same: bool) -> list[list[int]]:
    """Numbers of the lines of each quote, in reading order; last those that belong to none, when there is no quote.

    A watermark, or what surrounds a tweet, is told where somebody quoted it in that place of the `same` picture.
    """
    placed: list[list[int]] = [[] for _ in range(len(quotes) + 1)]
    if reading is None:
        return placed
    texts = {id(line) for line in text_of(reading)}
    reach = NEAR * math.hypot(reading.width, reading.height)
    for number, line in enumerate(reading.lines):
        gaps = [min((_gap(line.box, box) for box in boxes), default=math.inf) for boxes in quotes]
        nearest = min(range(len(gaps)), key=lambda i: gaps[i], default=len(quotes))
        is_near = min(gaps, default=math.inf) <= reach
        is_told = line.confidence >= LEAST_SURE and bool(bare(line.said)) and (id(line) in texts or (same and is_near))
        if is_told:
            placed[nearest if is_near else _further(quotes, line.box, nearest)].append(number)
    return placed


def _further(quotes: Sequence[Sequence[Box]], box: Box, nearest: int) -> int:
    """The quote of unknown place for a line that lies near no other: the first before whose successors it lies."""
    unknown = [i for i, boxes in enumerate(quotes) if not boxes]
    if not unknown:
        return nearest
    above = [i for i, boxes in enumerate(quotes) if boxes and min(top for _, top, _, _ in boxes) < box[1]]
    after = max(above, default=-1)
    return next((i for i in unknown if i > after), unknown[-1])


def _gap(one: Box, other: Box) -> float:
    """Pixels between two boxes: 0 where they touch, minus nothing where one lies in the other."""
    across = max(one[0] - other[2], other[0] - one[2], 0)
    down = max(one[1] - other[3], other[1] - one[3], 0)
    return math.hypot(across, down)
