"""How far a line can be trusted aloud: said as it is, said as doubtful, or not said.

A line's confidence is the share of such lines that are right. On 516 validation memes, of Russian lines of several
words .96 were right from .5 on, .6 from .3 on; of one word .95 from .8 on, .6 from .4 on; of single letters none.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from enum import Enum

from memecap.reading.base import Line
from memecap.reading.engine.roles import METADATA
from memecap.reading.engine.words import LETTERS, is_known, morphology

SURE, ONE_WORD, ODD_WORD = 0.5, 0.7, 0.8  # from here on a line is said as it is; a single word; one nobody knows
DOUBT, KNOWN_DOUBT, ONE_WORD_DOUBT = 0.3, 0.2, 0.45  # as doubtful; where each of its words is known; a single one

_NO_NAMES = frozenset({"VERB", "INFN", "NPRO", "CONJ", "PRCL", "PREP", "ADVB", "PRED", "INTJ", "GRND"})
_ARTICLES = frozenset({"a", "an", "the", "of", "to", "and", "or", "in", "on", "at", "for", "with", "my", "your", "is"})
_INTERFACE = re.compile(
    r"""^\W*(?:
        (?:translate|show\ this)\b.{0,12} | (?:перевести|показать)\ (?:твит|пост|ещ[её]|эту\ ветку).{0,12}
        | ответить | поделиться | нравится | reply | share | like | follow(?:ing)? | подпис\w+
        | .{0,3}(?:activate|активация)\ w\w+ | .{0,9}\bsettings\b.{0,12} | параметр\w*
        | (?:\d+\W+)?\d{1,2}\W{0,2}(?:янв|фев|мар|апр|ма[йя]|ию[нл]|авг|сен|окт|ноя|дек)\w*\W{0,2}20\d\d.{0,12}
        | загрузить | скачать | установить | поиск | рейтинг | возраст
        | (?:сегодня|вчера)\ в\ \d{1,2}[:.]\d{2} | \d{1,2}:\d{2}
        | .{0,6}тыс\.?\ оценок | u/\w+ | r/\w+
        | .{0,4}made\ (?:with|in|on)\b.{0,20} | \w*\.(?:com|ru|net|org)
    )\W*$""",
    re.IGNORECASE | re.VERBOSE,
)


_TIME = re.compile(r"\s*\b\d{1,2}:\d{2}\W*$")


class Grade(Enum):
    """What becomes of a line."""

    SURE = "sure"
    DOUBTFUL = "doubtful"
    UNREAD = "unread"


def grade(line: Line, *, beside: bool = False) -> Grade:
    """By its confidence, and by how much can be wrong in it; `beside` sure lines one word is trusted more."""
    words = [word.lower() for word in LETTERS.findall(line.text)]
    sure, doubt = _least(words, beside=beside)
    return Grade.SURE if line.confidence >= sure else Grade.DOUBTFUL if line.confidence >= doubt else Grade.UNREAD


def _least(words: list[str], *, beside: bool) -> tuple[float, float]:
    """The confidence from which such words are said, and from which they are said as doubtful."""
    n_letters = sum(map(len, words))
    if n_letters < 2:
        return ONE_WORD, ONE_WORD
    if len(words) > 1:
        known = n_letters > 7 and all(map(is_known, words))
        return SURE, KNOWN_DOUBT if known else DOUBT
    sure = (SURE if beside else ONE_WORD) if is_known(words[0]) else ODD_WORD
    return sure, sure if n_letters < 4 else ONE_WORD_DOUBT


def is_interface(text: str) -> bool:
    """A button, a time, a counter, a sign of a program: what a person does not read out of a screenshot."""
    return bool(_INTERFACE.match(text)) or (bool(METADATA.match(text)) and not LETTERS.search(text))


def without_times(lines: Sequence[Line]) -> list[Line]:
    """The lines without the times at their ends, where two or more have one: messages of a chat."""
    timed = [line for line in lines if _TIME.search(line.text)]
    if len(timed) < 2:
        return list(lines)
    cut = [replace(line, text=_TIME.sub("", line.text)) if line in timed else line for line in lines]
    return [line for line in cut if line.text]


def no_name(text: str) -> bool:
    """Is the first word, which wears a capital, no name: a verb, a pronoun, a particle? Then a sentence begins."""
    word = LETTERS.search(text)
    return word is not None and morphology().parse(word[0].lower())[0].tag.POS in _NO_NAMES


def leads_on(text: str) -> bool:
    """Is the last word one that no sentence ends with: a preposition, a conjunction, an article?"""
    words = text.lower().split()
    if not words or words[-1] in _ARTICLES:
        return bool(words)
    return words[-1].isalpha() and morphology().parse(words[-1])[0].tag.POS in ("PREP", "CONJ")
