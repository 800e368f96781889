"""chrF and chrF++: an F-score of character (and word) n-grams, recall weighing beta² times as much as precision.

In: text, whose spaces do not count. Out: `chrf2` (or `chrf2++` with word n-grams), 0..100. Counts are summed
over the corpus; of several references a row takes the one it scores best with.

Source: Popović 2015, 2017; equal to sacrebleu's (effective order, no epsilon smoothing).
Limits: long hypotheses gain recall cheaply, so read it beside a length ratio.
"""

from __future__ import annotations

import string
from collections import Counter
from collections.abc import Hashable, Sequence
from itertools import chain

import numpy as np
from pydantic import Field

from memecap.metrics.base import Array, Metric, MetricConfig, Quantity, best, ratio
from memecap.metrics.overlap.ngrams import ngrams, shared

_PUNCTUATION = set(string.punctuation)


class ChrfConfig(MetricConfig):
    order: int = Field(6, ge=1, description="longest character n-gram")
    words: int = Field(0, ge=0, description="longest word n-gram; 2 makes it chrF++")
    beta: int = Field(2, ge=1, description="weight of recall over precision")


class Chrf(Metric[ChrfConfig]):
    """Statistics of a row: for each order, n-grams of the hypothesis, of the reference, and shared."""

    Config = ChrfConfig

    @property
    def name(self) -> str:
        return f"chrf{self.config.beta}" + "+" * self.config.words

    @property
    def quantities(self) -> list[Quantity]:
        """chrF2 is the headline: it forgives inflection, and is not 0 by chance on short captions as BLEU-4 is."""
        places = () if self.config.words else ("headline", "table", "epoch", "curve")
        return [Quantity(name=self.name, label=self.name.replace("f", "F"), unit=100, decimals=1, places=places)]

    @property
    def signature(self) -> str:
        return f"{self.name}|nc:{self.config.order}|nw:{self.config.words}|space:no|eff:yes"

    def scores(self, totals: Array) -> dict[str, Array]:
        return {self.name: f_score(totals, self.config.beta)}

    def row(self, hypothesis: str, references: Sequence[str]) -> list[int]:
        found, *wanted = (_orders(text, self.config.order, self.config.words) for text in (hypothesis, *references))
        candidates = [_compare(found, orders) for orders in wanted]
        return best(candidates, lambda row: float(f_score(np.array(row, dtype=np.float64), self.config.beta)))


def f_score(totals: Array, beta: int) -> Array:
    """F-beta of mean precision and recall over the orders both sides have; totals [... 3K] → [...], 0..100."""
    found, wanted, matched = totals[..., 0::3], totals[..., 1::3], totals[..., 2::3]
    usable = (found > 0) & (wanted > 0)
    n_usable = usable.sum(axis=-1).astype(np.float64)
    precision = ratio(np.where(usable, ratio(matched, found), 0.0).sum(axis=-1), n_usable)
    recall = ratio(np.where(usable, ratio(matched, wanted), 0.0).sum(axis=-1), n_usable)
    return 100.0 * ratio((1 + beta**2) * precision * recall, beta**2 * precision + recall)


def _orders(text: str, order: int, words: int) -> list[Counter[Hashable]]:
    letters = "".join(text.split())
    counts = [ngrams(letters, n) for n in range(1, order + 1)]
    if words:
        parted = [part for word in text.split() for part in _part_punctuation(word)]
        counts += [ngrams(parted, n) for n in range(1, words + 1)]
    return counts


def _compare(found: list[Counter[Hashable]], wanted: list[Counter[Hashable]]) -> list[int]:
    counts = [(a.total() if b else 0, b.total(), shared(a, b)) for a, b in zip(found, wanted, strict=True)]
    return list(chain.from_iterable(counts))


def _part_punctuation(word: str) -> list[str]:
    """One mark off the end, else one off the beginning, as chrF++ does."""
    if len(word) > 1 and word[-1] in _PUNCTUATION:
        return [word[:-1], word[-1]]
    if len(word) > 1 and word[0] in _PUNCTUATION:
        return [word[0], word[1:]]
    return [word]
