"""A reading as pieces for a small writer: for each line its mark, where and how it stands, and its first words.

Marks are names of ids beyond the words: `<line7>` is the eighth line, as input and, in a caption, as a slot. What a
line says matters less than where it stands and what kind of text it is, so long lines are cut in the middle.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Mapping, Sequence

from memecap.memory.recollection import Recollection
from memecap.quoting.matching import spoken
from memecap.quoting.slots import UNREAD, USER
from memecap.reading.base import Line, Reading

#: how a value between two borders is named; shares of the picture's height and width, letters, confidence
BORDERS = {
    "top": (0.1, 0.2, 0.3, 0.45, 0.55, 0.7, 0.8, 0.9),  # the line's middle
    "left": (0.3, 0.42, 0.58, 0.7),  # the line's middle
    "tall": (0.02, 0.03, 0.045, 0.065, 0.1),
    "wide": (0.1, 0.25, 0.45, 0.65, 0.85),
    "long": (4, 12, 30, 60),
    "sure": (0.4, 0.6, 0.75, 0.9),
    "shape": (0.6, 0.85, 1.15, 1.5),  # of the picture: width / height
}
#: of a recollection: how surely it is the same picture, and how much of it that explains
KNOWN = {"known": (0.5, 0.75, 0.9), "covers": (0.2, 0.4, 0.7)}
RECALLED = "<recalled>"  # begins what was said of a picture that this one shows again
WRITE = "<write>"  # ends the reading
FIRST_TOKENS, LAST_TOKENS = 8, 3


def names(max_lines: int, *, recollections: bool = False) -> list[str]:
    """Every mark, in the order of their ids; those of recollections where they are told."""
    known = [RECALLED, *_every(KNOWN)] if recollections else []
    slots = [slot(i) for i in range(max_lines)]
    return [WRITE, slot(UNREAD), slot(USER), "<ru>", "<en>", *_every(BORDERS), *slots, *known]


def slot(piece: int) -> str:
    """The mark of a slot."""
    return {UNREAD: "<unread>", USER: "<user>"}.get(piece) or f"<line{piece}>"


def describe(reading: Reading, max_lines: int) -> list[tuple[list[str], str]]:
    """For each line its marks and its text; the first entry describes the picture."""
    shape = _name("shape", reading.width / max(reading.height, 1))
    lines = enumerate(reading.lines[:max_lines])
    return [([shape], ""), *((_marks(i, line, reading), spoken(line.said)) for i, line in lines)]


def recalled(found: Recollection) -> list[str]:
    """The marks of a recollection."""
    return [RECALLED, _name("known", found.confidence), _name("covers", found.covered)]


def shorten(ids: Sequence[int]) -> list[int]:
    """The first and the last tokens of a line."""
    last = max(FIRST_TOKENS, len(ids) - LAST_TOKENS)
    return [*ids[:FIRST_TOKENS], *ids[last:]]


def _marks(number: int, line: Line, reading: Reading) -> list[str]:
    left, top, right, bottom = line.box
    width, height = max(reading.width, 1), max(reading.height, 1)
    return [
        slot(number),
        _name("top", (top + bottom) / 2 / height),
        _name("left", (left + right) / 2 / width),
        _name("tall", (bottom - top) / height),
        _name("wide", (right - left) / width),
        _name("long", len(line.text)),
        _name("sure", line.confidence),
        "<en>" if line.language == "en" else "<ru>",
    ]


def _name(kind: str, value: int | float) -> str:
    return f"<{kind}{bisect((BORDERS | KNOWN)[kind], value)}>"


def _every(borders: Mapping[str, Sequence[float]]) -> list[str]:
    return [f"<{kind}{i}>" for kind, values in borders.items() for i in range(len(values) + 1)]
