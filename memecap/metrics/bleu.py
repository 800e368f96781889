"""BLEU-1..4: clipped n-gram precision of a corpus with a brevity penalty.

In: words joined by spaces. Out: `bleu1` … `bleu4`, each the geometric mean of the precisions up to n. Several
references clip together, and the length nearest to the hypothesis's counts (the shorter of two as near).

Source: Papineni et al. 2002. Three tools, three edge cases, chosen by `like`:
    sacrebleu   no smoothing: 0 when an order has no match or no n-gram; 0..100
    nltk        an order of a row shorter than n counts 1 n-gram; an order without matches is a tiny number, not 0; 0..1
    coco        pycocoevalcap: precisions are (matches + 1e-15) / (n-grams + 1e-9); 0..1

Limits: no partial credit for Russian inflection; BLEU-4 of short captions is mostly 0 by chance.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Hashable, Sequence
from typing import Literal

import numpy as np
from pydantic import Field

from memecap.metrics.base import Array, Metric, MetricConfig, Quantity, ratio
from memecap.metrics.overlap.ngrams import nearest, ngrams, shared

#: pycocoevalcap/bleu/bleu_scorer.py: added above and below each fraction, so that none is 0 / 0
COCO_TINY, COCO_SMALL = 1e-15, 1e-9


class BleuConfig(MetricConfig):
    order: int = Field(4, ge=1, description="longest n-gram")
    like: Literal["sacrebleu", "nltk", "coco"] = Field("sacrebleu", description="whose edge cases and unit")


class Bleu(Metric[BleuConfig]):
    """Statistics of a row: matches of each order, n-grams of each order, hypothesis length, reference length."""

    Config = BleuConfig

    @property
    def quantities(self) -> list[Quantity]:
        """All orders stand in tables; the longest is followed while training."""
        return [self._quantity(n) for n in range(1, self.config.order + 1)]

    @property
    def signature(self) -> str:
        return f"bleu|n:{self.config.order}|smooth:none|like:{self.config.like}"

    def scores(self, totals: Array) -> dict[str, Array]:
        order = self.config.order
        matches, counts = totals[..., :order], totals[..., order : 2 * order]
        logs = self._log_precisions(matches, counts)
        with np.errstate(over="ignore"):
            means = np.exp(np.cumsum(logs, axis=-1) / np.arange(1, order + 1))
        bleu = means * self._brevity(totals[..., -2], totals[..., -1])[..., None]
        if self.config.like != "coco":
            bleu = np.where(matches[..., :1] > 0, bleu, 0.0)
        return {quantity.name: float(quantity.unit) * bleu[..., n] for n, quantity in enumerate(self.quantities)}

    def _quantity(self, n: int) -> Quantity:
        unit, decimals = (100, 1) if self.config.like == "sacrebleu" else (1, 3)
        places = ("table", "epoch", "curve") if n == self.config.order else ("table",)
        return Quantity(name=f"bleu{n}", label=f"BLEU-{n}", unit=unit, decimals=decimals, places=places)

    def row(self, hypothesis: str, references: Sequence[str]) -> list[int]:
        words, wanted = hypothesis.split(), [reference.split() for reference in references]
        matches, counts = [], []
        least = 1 if self.config.like == "nltk" else 0
        for n in range(1, self.config.order + 1):
            allowed: Counter[Hashable] = Counter()
            for reference in wanted:
                allowed |= ngrams(reference, n)
            matches.append(shared(ngrams(words, n), allowed))
            counts.append(max(least, len(words) - n + 1))
        return [*matches, *counts, len(words), nearest(len(words), wanted)]

    def _log_precisions(self, matches: Array, counts: Array) -> Array:
        if self.config.like == "coco":
            return np.log((matches + COCO_TINY) / (counts + COCO_SMALL))
        precision = ratio(matches, counts)
        if self.config.like == "nltk":
            precision = np.maximum(precision, sys.float_info.min)
        with np.errstate(divide="ignore"):
            logs: Array = np.log(precision)
        return logs

    def _brevity(self, n_hypothesis: Array, n_reference: Array) -> Array:
        if self.config.like == "coco":
            share = (n_hypothesis + COCO_TINY) / (n_reference + COCO_SMALL)
            return np.where(share < 1, np.exp(1 - 1 / share), 1.0)
        with np.errstate(over="ignore"):
            penalty = np.exp(np.minimum(0.0, 1 - ratio(n_reference, n_hypothesis)))
        return np.where(n_hypothesis > 0, penalty, 0.0)
