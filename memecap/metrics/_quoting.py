"""The quoted spans of a description, and the description without them.

Descriptions quote with "straight" marks, «guillemets», “curly” and „low” ones, nest them, and sometimes forget
to close one. A straight mark opens where a word begins and closes where one has ended. The outermost spans
count, without their marks.
"""

from __future__ import annotations

import re

Span = tuple[int, int]

_OPENS, _CLOSES, _EITHER = "«„", "»”", '"“'
_BEFORE_WORD = set(" \t\n\r\u00a0([{<-–—/:,*" + _OPENS)
_AFTER_WORD = set(" \t\n\r\u00a0)]}>.,;:!?…-–—/*" + _CLOSES)


def quoted_spans(text: str) -> list[Span]:
    """Start and end of each outermost quoted span, marks excluded.

    A mark that is never closed quotes the rest of the text (a caption cut off), unless other quotes follow it:
    then it was closed by mistake elsewhere and is passed over.
    """
    spans: list[Span] = []
    pending: list[tuple[int, list[Span]]] = []  # opening marks, each with the spans found inside it
    for place, opens in _marks(text):
        if opens:
            pending.append((place + 1, []))
        elif pending:
            start, _ = pending.pop()
            (pending[-1][1] if pending else spans).append((start, place))
    while pending:
        start, inside = pending.pop()
        (pending[-1][1] if pending else spans).extend(inside or [(start, len(text))])
    return [(start, end) for start, end in spans if text[start:end].strip()]


def quotes(text: str) -> list[str]:
    """The words of each outermost quoted span."""
    return [text[start:end].strip() for start, end in quoted_spans(text)]


def scene(text: str) -> str:
    """The text with each quoted span and its marks blanked."""
    kept, end = [], 0
    for start, stop in quoted_spans(text):
        kept.append(text[end : start - 1])
        end = stop + 1
    return re.sub(r"\s+", " ", " ".join([*kept, text[end:]])).strip()


def _marks(text: str) -> list[tuple[int, bool]]:
    """Each quotation mark: its place, and whether it opens."""
    marks: list[tuple[int, bool]] = []
    depth = 0
    for place, mark in enumerate(text):
        if mark in _OPENS:
            opens = True
        elif mark in _CLOSES:
            opens = False
        elif mark in _EITHER:
            opens = _opens(text, place, depth, marks)
        else:
            continue
        depth = max(0, depth + (1 if opens else -1))
        marks.append((place, opens))
    return marks


def _opens(text: str, place: int, depth: int, marks: list[tuple[int, bool]]) -> bool:
    if marks and marks[-1][0] == place - 1:
        after_space = marks[-1][1]  # "" repeats its neighbour: ""both open"", ""both close""
    else:
        after_space = place == 0 or text[place - 1] in _BEFORE_WORD
    following = text[place + 1 :].lstrip('"“”»«„')[:1]
    before_space = not following or following in _AFTER_WORD
    if after_space != before_space:
        return after_space
    return depth == 0
