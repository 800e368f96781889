"""The gate of a teacher's captions: what is visibly wrong with one, by rules that need no model.

In: a caption with how it ended, and what was read on the picture. Out: the name of the first rule it breaks (a key of
`REASONS`), or "". Quoting is measured by the words that were surely read and are Cyrillic: a teacher translates others.
"""

from __future__ import annotations

import re
from collections import Counter

from pydantic import Field
from rapidfuzz import fuzz, process

from memecap.core.config import Frozen
from memecap.core.spoken import is_refusal
from memecap.decoding.mbr import words_of
from memecap.quoting.tweet import without_watermarks
from memecap.reading.base import Reading
from memecap.text.quotes import quotes, scene
from memecap.translation.gate.language import is_russian

REASONS = {
    "failed": "the teacher gave no caption, or the picture cannot be opened",
    "refused": "an excuse instead of a caption",
    "empty": "nothing was said",
    "unfinished": "the caption breaks off",
    "loop": "the same words again and again",
    "not Russian": "another language outside the quotes",
    "quotes too little": "most of what was surely read is not quoted",
}
RULES_VERSION = 1  # raised when a rule changes, so that labels made by the old rules are judged again
_RUN = 4  # words
SAME_WORD = 75.0  # of 100: a reader errs in letters, and a teacher mends them
_CYRILLIC, _LATIN, _WORD = re.compile(r"[а-яё]", re.IGNORECASE), re.compile(r"[a-z]", re.IGNORECASE), re.compile(r"\w")


class Gate(Frozen):
    """The thresholds of the gate."""

    min_quoted: float = Field(0.5, ge=0, le=1, description="least share of the words surely read that are quoted")
    min_confidence: float = Field(0.6, ge=0, le=1, description="lines at least so sure count as surely read")
    min_read: int = Field(3, ge=1, description="where fewer words were surely read, quoting is not judged")
    min_cyrillic: float = Field(0.5, ge=0, le=1, description="least share of Cyrillic among letters outside quotes")

    def reject(self, text: str, reading: Reading | None, *, finished: bool = True) -> str:
        """The reason to reject a caption, or "" for a good one."""
        if not _WORD.search(text):
            return "empty"
        if is_refusal(text):
            return "refused"
        if not finished:
            return "unfinished"
        if _loops(scene(text)):
            return "loop"
        if self._is_foreign(scene(text)):
            return "not Russian"
        share = quoted_recall(text, reading, min_confidence=self.min_confidence, min_read=self.min_read)
        return "quotes too little" if share is not None and share < self.min_quoted else ""

    def _is_foreign(self, outside: str) -> bool:
        cyrillic, latin = len(_CYRILLIC.findall(outside)), len(_LATIN.findall(outside))
        return cyrillic < self.min_cyrillic * (cyrillic + latin) or not is_russian(outside)


def _loops(outside: str) -> bool:
    """Some four words three times: people say them twice in 3 % of their descriptions of memes."""
    words = words_of(outside)
    runs = Counter(tuple(words[i : i + _RUN]) for i in range(len(words) - _RUN + 1))
    return any(count > 2 for count in runs.values())


def quoted_recall(text: str, reading: Reading | None, *, min_confidence: float, min_read: int) -> float | None:
    """The share of the words surely read that stand in the caption's quotes; None where there are too few of them."""
    lines = without_watermarks(list(reading.lines)) if reading else []
    read = [word for line in lines if line.confidence >= min_confidence for word in words_of(line.said)]
    read = [word for word in read if _CYRILLIC.search(word)]
    if len(read) < min_read:
        return None
    quoted = Counter(word for quote in quotes(text) for word in words_of(quote))
    n_found = 0
    for word in read:
        best = process.extractOne(word, quoted.keys(), scorer=fuzz.ratio, score_cutoff=SAME_WORD)
        if best is not None:
            n_found += 1
            quoted[best[0]] -= 1
            quoted += Counter()  # without what is used up
    return n_found / len(read)
