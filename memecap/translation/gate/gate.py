"""The quality gate: what is visibly wrong with a translation into Russian, by rules that need no model.

In: an English sentence and its translation. Out: the name of the first rule it breaks (a key of `REASONS`), or "".
The gate is meant to catch failures of an engine (loops, copies, losses), not to judge style.
"""

from __future__ import annotations

import re

from pydantic import Field

from memecap.core.config import Frozen
from memecap.text.quotes import quotes, scene
from memecap.translation.gate.language import is_russian
from memecap.translation.gate.numerals import lost_number

REASONS = {
    "empty": "nothing came back",
    "short": "far shorter than the source",
    "long": "far longer than the source",
    "not Cyrillic": "too few of the letters outside quotes are Cyrillic",
    "not Russian": "another language in Cyrillic letters",
    "copied": "a run of English words stands untranslated",
    "loop": "the same words again and again",
    "lost number": "a number of the source is missing",
    "lost quote": "the source quotes something, the translation does not",
}
# The engine did not translate at all; asked again, another day or model may.
FAILURES = {"empty", "not Cyrillic", "not Russian"}
RULES_VERSION = 2  # raised when a rule changes, so that a corpus made by the old rules is made again
# Characters either way that mean nothing in a short sentence: "A cat." may be «Кот.» or «Это кошка.»
SHORT_BY, LONG_BY = 5, 10

_DIGIT = re.compile(r"\d")
_WORD = re.compile(r"\w+")
_LATIN = re.compile(r"[A-Za-z]")
_CYRILLIC = re.compile(r"[А-Яа-яЁё]")
_LATIN_RUN = re.compile(r"[A-Za-z][A-Za-z'-]*(?:\s+[A-Za-z][A-Za-z'-]*)+")


class Gate(Frozen):
    """The thresholds of the gate."""

    min_ratio: float = Field(0.4, ge=0, description="least length of a translation, in characters of its source")
    max_ratio: float = Field(2.5, gt=0, description="greatest length of a translation, in characters of its source")
    min_cyrillic: float = Field(0.3, ge=0, le=1, description="least share of Cyrillic among letters outside quotes")
    max_copied: int = Field(3, ge=0, description="English words in a row that may stand untranslated")
    max_repeats: int = Field(2, ge=1, description="times the same one to four words may follow each other")

    def reject(self, source: str, translation: str) -> str:
        """The reason to reject a translation, or "" for a good one."""
        if not _WORD.search(translation):
            return "empty" if _WORD.search(source) else ""
        return (
            self._wrong_length(source, translation)
            or self._wrong_language(source, scene(translation))  # what stands on the picture may be in any language
            or self._wrong_content(source, translation)
        )

    def _wrong_length(self, source: str, translation: str) -> str:
        if len(translation) < self.min_ratio * len(source) - SHORT_BY:
            return "short"
        return "long" if len(translation) > self.max_ratio * len(source) + LONG_BY else ""

    def _wrong_language(self, source: str, outside: str) -> str:
        if not is_russian(outside):
            return "not Russian"
        if latin := len(_LATIN.findall(outside)):
            if (cyrillic := len(_CYRILLIC.findall(outside))) < self.min_cyrillic * (latin + cyrillic):
                return "not Cyrillic"
            if self._copied(source, outside):
                return "copied"
        return ""

    def _wrong_content(self, source: str, translation: str) -> str:
        if self._loops(translation) and not self._loops(source):
            return "loop"
        if _DIGIT.search(source) and lost_number(source, translation):
            return "lost number"
        if (wanted := len(quotes(source))) and len(quotes(translation)) < wanted:
            return "lost quote"
        return ""

    def _copied(self, source: str, outside: str) -> bool:
        runs = (run for run in _LATIN_RUN.findall(outside) if len(run.split()) > self.max_copied)
        return any(run.lower() in source.lower() for run in runs)

    def _loops(self, text: str) -> bool:
        words = _WORD.findall(text.lower())
        if len(words) - len(set(words)) < self.max_repeats:
            return False  # too few words come back for any loop
        for n in range(1, 5):
            same = 0  # words in a row equal to the word n places before
            for i in range(n, len(words)):
                same = same + 1 if words[i] == words[i - n] else 0
                if same >= n * self.max_repeats:
                    return True
        return False
