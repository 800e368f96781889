"""Marks that quote: their families, where they stand in a text, and whether one opens where it stands.

In: any text. Out: its `Mark`s in order; quotes.py pairs them.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

_ENTITIES = "quot|laquo|raquo|ldquo|rdquo|bdquo|lsaquo|rsaquo|lsquo|rsquo|sbquo|apos"
_NUMBERED = "#(?:34|39|171|187|822[0-2]|821[6-8]|8249|8250)"
ENTITY = rf"&(?:{_ENTITIES}|{_NUMBERED});"
_MARK = re.compile(rf"{ENTITY}|``|''|<<|>>|[\"«»„“”‟＂‹›'‘’‚‛`]")
_FAMILY = {
    **dict.fromkeys('"“”„‟＂', "double"),
    **dict.fromkeys("«»‹›", "angle"),
    **dict.fromkeys(("``", "''"), "latex"),
    **dict.fromkeys(("<<", ">>"), "chevron"),
    **dict.fromkeys("'‘’‚‛`", "single"),
}
INWARD = ("»", "›")  # where they open
STRONG = frozenset(("double", "angle"))


class Mark(NamedTuple):
    """A mark in a text, from its first character to the one after its last."""

    start: int
    end: int
    sign: str
    behind: str  # the first character after it and the marks glued to it; empty at the end

    @property
    def family(self) -> str:
        return _FAMILY[self.sign]


class Position(NamedTuple):
    """What decides whether a mark opens."""

    at_start: bool  # of a word
    at_end: bool  # of a word
    after_space: bool
    before_word: bool  # something other than a space or an elision follows
    is_open: bool  # a mark of its family is open
    is_inward: bool  # the innermost open mark is an angle turned inward: »x«


def _by_sides(here: Position) -> bool:
    return here.at_start if here.at_start != here.at_end else not here.is_open


def _single(here: Position) -> bool | None:
    can_close = here.is_open and here.at_end and not here.after_space
    return False if can_close else (here.at_start and here.before_word) or None


#: for the marks whose look says more than what stands on either side of them
_RULES: dict[str, Callable[[Position], bool | None]] = {
    **dict.fromkeys("'‘’‚‛`", _single),
    **dict.fromkeys(("„", "``", "<<"), lambda here: True),
    **dict.fromkeys(INWARD, lambda here: here.at_start and not here.at_end and not here.is_open),
    **dict.fromkeys("«‹", lambda here: here.at_start or not here.is_inward),
    "''": lambda here: False if here.is_open else (here.at_start and not here.at_end) or None,
    ">>": lambda here: False if here.is_open else None,
    "”": lambda here: here.at_start and not here.at_end,
}


def opens(mark: Mark, here: Position) -> bool | None:
    """Whether the mark opens a span there, or closes one; None where it is no quotation mark."""
    return _RULES.get(mark.sign, _by_sides)(here)


def marks(text: str) -> Iterator[Mark]:
    """Every character, pair of characters or entity that could quote, first to last."""
    found = list(_MARK.finditer(text))
    behind = [""] * len(found)
    for i, mark in reversed(list(enumerate(found))):
        is_glued = i + 1 < len(found) and found[i + 1].start() == mark.end()
        behind[i] = behind[i + 1] if is_glued else text[mark.end() : mark.end() + 1]
    for mark, after in zip(found, behind, strict=True):
        yield Mark(mark.start(), mark.end(), html.unescape(mark[0]) if mark[0][0] == "&" else mark[0], after)
