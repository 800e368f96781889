"""The one grammar of quotes: where the quoted spans of a text begin and end, and what is left without them.

In: any text. Out: its outermost quoted `Span`s; what a captioner returns as quotes is what a metric scores as quotes.

Families of marks; a mark closes the innermost open one of its own family:
    double    "x"  “x”  „x“  ”x”        angle     «x»  ‹x›  and inward »x«
    latex     ``x''  ''x''              chevron   <<x>>
    single    'x'  ‘x’  ‚x‘  `x'        and all of them as HTML entities: &quot;x&quot; &laquo;x&raquo;

Rules, in the order in which they decide:
    place     A mark whose sides look alike ("x") opens where a word begins and closes where one has ended; between
              spaces it opens when no mark of its family is open. A mark glued to another shares its place.
    apostrophe  A single mark inside a word, before '90s, or in 'n' is none; it quotes only in pairs, around words.
    inches    A straight mark after a digit closes nothing but a straight one: «экран 32" за копейки»; and in
              "экран 32" за копейки" the last mark is the one that closes.
    weak      Single, latex, chevron and inward marks must be closed by their own family, and never across an open
              double or angle one; where they are not, they are no quotes.
    mistaken  A double or angle mark with no partner closes an open one of the other family: «x".
    unclosed  A double or angle mark that is never closed quotes the rest of the text (a caption cut off), unless other
              quotes follow it: then it was closed by mistake elsewhere and is passed over.

Limits: an elision before a plural's apostrophe ('em … boys') reads as a pair; an opening mark that was forgotten
before a digit ("глава 5" ниже кот") reads as inches.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

from memecap.text.quote_marks import ENTITY, INWARD, STRONG, Mark, Position, marks, opens

#: characters that quote wherever they stand: a text without them can be quoted by them
MARKS = frozenset('"«»„“”‟＂‹›')

_ARMED = re.compile(rf"{ENTITY}|[\"«»„“”‟＂‹›]")
_BEFORE_QUOTE = frozenset("([{<-–—/:,*")
_AFTER_QUOTE = frozenset(")]}>.,;:!?…-–—/*")
_ELISION = re.compile(r"\d\ds?\b|n\b", re.IGNORECASE)  # '90s, rock 'n' roll
_MORE_WORDS = re.compile(r"\s+\w")


class Span(NamedTuple):
    """A quoted span: its words are text[start:end]; with their marks, text[opened:closed]."""

    start: int
    end: int
    opened: int
    closed: int


@dataclass(slots=True)
class _Frame:
    """A mark that is open, with the spans found since."""

    mark: Mark
    is_strong: bool
    inside: list[Span] = field(default_factory=list)


def spans(text: str) -> list[Span]:
    """Each outermost quoted span that holds more than spaces."""
    scan = _Scan(text)
    for mark in marks(text):
        scan.take(mark)
    return [span for span in scan.finish() if text[span.start : span.end].strip()]


def quotes(text: str) -> list[str]:
    """The words of each outermost quoted span."""
    return [text[span.start : span.end].strip() for span in spans(text)]


def scene(text: str) -> str:
    """The text with each quoted span and its marks blanked."""
    kept, end = [], 0
    for span in spans(text):
        kept.append(text[end : span.opened])
        end = span.closed
    return re.sub(r"\s+", " ", " ".join([*kept, text[end:]])).strip()


def quotable(text: str) -> str:
    """The text with ' for every mark that could end a quote around it."""
    return _ARMED.sub("'", text)


def unmarked(text: str) -> str:
    """The text without any double or angle mark, paired or not."""
    return _ARMED.sub("", text)


class _Scan:
    """One pass over the marks of a text, with a stack of those that are open."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.found: list[Span] = []
        self.stack: list[_Frame] = []
        self.n_open: Counter[str] = Counter()
        self.last: tuple[int, bool] = (0, True)  # where the mark before ended, and whether it opened

    def take(self, mark: Mark) -> None:
        """The next mark opens a span, closes one, or is none."""
        is_opening = opens(mark, self._position(mark))
        if is_opening is None:
            return
        self.last = mark.end, is_opening
        if is_opening:
            self._push(mark)
        else:
            self._close(mark)

    def finish(self) -> list[Span]:
        """All outermost spans, once every mark was taken."""
        while self.stack:
            frame = self._pop()
            if not frame.inside and frame.is_strong and not self._is_measure(frame.mark):
                frame.inside.append(Span(frame.mark.end, len(self.text), frame.mark.start, len(self.text)))
            self._inside.extend(frame.inside)
        return self.found

    @property
    def _inside(self) -> list[Span]:
        return self.stack[-1].inside if self.stack else self.found

    def _position(self, mark: Mark) -> Position:
        before, following = self.text[mark.start - 1 : mark.start], self.text[mark.end : mark.end + 1]
        is_glued = mark.start == self.last[0]
        return Position(
            at_start=self.last[1] if is_glued else before.isspace() or before in _BEFORE_QUOTE,
            at_end=not mark.behind or mark.behind.isspace() or mark.behind in _AFTER_QUOTE,
            after_space=before.isspace(),
            before_word=bool(following.strip()) and not _ELISION.match(self.text, mark.end),
            is_open=self.n_open[mark.family] > 0,
            is_inward=bool(self.stack) and self.stack[-1].mark.sign in INWARD,
        )

    def _push(self, mark: Mark) -> None:
        self.stack.append(_Frame(mark, mark.family in STRONG and mark.sign not in INWARD))
        self.n_open[mark.family] += 1

    def _pop(self) -> _Frame:
        frame = self.stack.pop()
        self.n_open[frame.mark.family] -= 1
        return frame

    def _close(self, mark: Mark) -> None:
        if not self._reach(mark):
            self._reach_past_inches(mark)
            return
        frame = self._pop()
        if frame.mark.family != "single" or not any(outer.is_strong for outer in self.stack):
            self._inside.append(Span(frame.mark.end, mark.start, frame.mark.start, mark.end))

    def _reach(self, mark: Mark) -> bool:
        """Drop what stands open above the frame that this mark closes; False where it closes none."""
        if self.n_open[mark.family]:
            while self.stack[-1].mark.family != mark.family:
                if self.stack[-1].is_strong and mark.family not in STRONG:
                    return False
                self._drop()
            return True
        if mark.family not in STRONG or self._after_digit(mark) or not (self.n_open["double"] + self.n_open["angle"]):
            return False
        while not self.stack[-1].is_strong:
            self._drop()
            if not self.stack:
                return False
        return True

    def _drop(self) -> None:
        frame = self._pop()
        self._inside.extend(frame.inside)

    def _reach_past_inches(self, mark: Mark) -> None:
        """A straight mark with no partner: the span before it ended at inches, and ends here."""
        before = self._inside[-1] if self._inside else None
        if mark.sign != '"' or self._after_digit(mark) or before is None:
            return
        is_inches = self.text[before.end : before.closed] == '"' and self.text[before.end - 1].isdigit()
        if is_inches and _MORE_WORDS.match(self.text, before.closed):
            self._inside[-1] = before._replace(end=mark.start, closed=mark.end)

    def _after_digit(self, mark: Mark) -> bool:
        return mark.sign == '"' and self.text[mark.start - 1 : mark.start].isdigit()

    def _is_measure(self, mark: Mark) -> bool:
        """Inches with a space before them: 15 " and no more."""
        return mark.sign == '"' and bool(re.search(r"\d\s?$", self.text[max(0, mark.start - 2) : mark.start]))
