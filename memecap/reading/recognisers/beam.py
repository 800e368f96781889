"""The likeliest text of a line, by what its columns show and by which letters follow one another.

In: log-probabilities of columns and a model of letters. Out: a text, and the columns where its characters stand.
Sources: CTC prefix beam search (arXiv 1408.2873); absolute discounting (Ney, Essen and Kneser, 1994).
"""

from __future__ import annotations

import gzip
import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float32]  # (columns, characters + blank), log-probabilities; class 0 is the blank
ORDER = 5  # letters of the longest sequences counted
DISCOUNT = 0.75
NEVER = -1e30


class Letters:
    """How likely a letter follows others, from counts of sequences of 1 to ORDER letters, capitals and ё put aside."""

    def __init__(self, counts: Mapping[str, int]) -> None:
        self._counts = counts
        self._all = sum(count for letters, count in counts.items() if len(letters) == 1)
        kept: defaultdict[str, float] = defaultdict(float)
        for letters, count in counts.items():
            kept[letters[:-1]] += count - DISCOUNT
        self._kept = dict(kept)
        self._known: dict[tuple[str, str], float] = {}

    @classmethod
    def read(cls, packed: bytes) -> Letters:
        """From gzipped lines of letters, a tab, and how often they were seen."""
        pairs = (line.split("\t") for line in gzip.decompress(packed).decode().split("\n") if line)
        return cls({letters: int(count) for letters, count in pairs})

    def follows(self, before: str, letter: str) -> float:
        """The logarithm of how likely a letter comes after a text."""
        key = plain(f" {before}"[1 - ORDER :]), plain(letter)
        if key not in self._known:
            self._known[key] = math.log(self._likely(*key))
        return self._known[key]

    def _likely(self, before: str, letter: str) -> float:
        if not before:
            return (self._counts.get(letter, 0) + 0.5) / (self._all + 100)
        seen = self._counts.get(before, 0)
        if not seen:
            return self._likely(before[1:], letter)
        own = max(self._counts.get(before + letter, 0) - DISCOUNT, 0.0)
        kept = self._kept.get(before, 0.0)
        left = max(seen - kept, DISCOUNT)  # what the sequences counted leave to all others
        return (own + left * self._likely(before[1:], letter)) / (kept + left)


def plain(text: str) -> str:
    """Small letters, ё as е."""
    return text.lower().replace("ё", "е")


def search(
    scores: Scores, characters: Sequence[str], letters: Letters, *, width: int, weight: float, gain: float
) -> str:
    """The likeliest text.

    Args:
        characters: of each class; that of class 0 is not looked at.
        width: beginnings of texts that are gone on with at each column.
        weight: of the letters beside the columns.
        gain: what each character earns, so that long texts are not put behind short ones.
    """
    beams: dict[str, tuple[float, float, float]] = {"": (0.0, NEVER, 0.0)}  # ends in a blank, in a letter; letters' own
    for column in scores:
        grown: dict[str, tuple[float, float, float]] = {}
        classes = [(int(number), float(column[number])) for number in np.flatnonzero(column > -5.5)]
        for text, (blank, letter, own) in beams.items():
            both = _sum(blank, letter)
            for number, score in classes:
                if number == 0:
                    _add(grown, text, both + score, NEVER, own)
                    continue
                character = characters[number]
                start = both
                if text and text[-1] == character:
                    _add(grown, text, NEVER, letter + score, own)
                    start = blank
                if start > NEVER / 2:
                    more = weight * letters.follows(text, character) + gain
                    _add(grown, text + character, NEVER, start + score, own + more)
        beams = dict(sorted(grown.items(), key=lambda item: -_worth(item[1]))[:width]) or beams
    return max(beams.items(), key=lambda item: _worth(item[1]))[0].strip()


def _worth(beam: tuple[float, float, float]) -> float:
    return _sum(beam[0], beam[1]) + beam[2]


def _add(beams: dict[str, tuple[float, float, float]], text: str, blank: float, letter: float, own: float) -> None:
    before = beams.get(text)
    beams[text] = (blank, letter, own) if before is None else (_sum(before[0], blank), _sum(before[1], letter), own)


def _sum(first: float, second: float) -> float:
    """The logarithm of the sum of what these are logarithms of."""
    high, low = max(first, second), min(first, second)
    return high + math.log1p(math.exp(low - high)) if low > high - 40 else high


def columns_of(scores: Scores, classes: Sequence[int]) -> list[int]:
    """The column of each character where the likeliest path of a text shows it best."""
    states = np.zeros(2 * len(classes) + 1, np.int64)
    states[1::2] = classes
    may_skip = np.zeros(len(states), bool)
    may_skip[3::2] = states[3::2] != states[1:-2:2]
    worth = np.full(len(states), NEVER)
    worth[:2] = scores[0, states[:2]]
    came = np.zeros((len(scores), len(states)), np.int8)
    for number, column in enumerate(scores[1:], start=1):
        steps = np.stack([worth, np.r_[NEVER, worth[:-1]], np.where(may_skip, np.r_[NEVER, NEVER, worth[:-2]], NEVER)])
        came[number] = steps.argmax(0)
        worth = steps.max(0) + column[states]
    state = len(states) - 1 if len(states) == 1 or worth[-1] >= worth[-2] else len(states) - 2
    best: dict[int, tuple[float, int]] = {}
    for number in range(len(scores) - 1, -1, -1):
        if state % 2:
            found = float(scores[number, states[state]]), number
            best[state] = max(best.get(state, found), found)
        state -= int(came[number, state])
    return [best[state][1] for state in range(1, len(states), 2)]


def counted(texts: Sequence[str], least: int) -> dict[str, int]:
    """How often sequences of up to ORDER letters stand in texts, without those of three and more seen too seldom."""
    counts: Counter[str] = Counter()
    for text in texts:
        told = f" {plain(text)} "
        for order in range(1, ORDER + 1):
            counts.update(told[start : start + order] for start in range(len(told) - order + 1))
    return {letters: count for letters, count in sorted(counts.items()) if len(letters) < 3 or count >= least}
