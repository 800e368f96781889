"""CIDEr and CIDEr-D: the cosine of TF-IDF vectors of n-grams, averaged over orders 1..4 and references, times ten.

In: words joined by spaces. Out: `cider_d` (counts clipped to the reference's, and a penalty for another length) or
`cider`, the mean over rows, 0..10.

A rare n-gram weighs more, so the number depends on where frequencies come from, and the signature names it:
`references` (those of the rows being scored: the same captions score otherwise in another set), or a JSON file of
`Frequencies`, so that several sets are scored with the same.

Source: Vedantam et al. 2015; CIDEr-D as `pycocoevalcap/cider/cider_scorer.py` computes it (lengths in bigrams).
Limits: made for five references; with one it is nearly a bag of rare words. Resamples keep the frequencies of all rows.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from pydantic import Field

from memecap.core import storage
from memecap.metrics.base import Array, Metric, MetricConfig, Quantity

ORDER, SIGMA, SCALE = 4, 6.0, 10.0
OWN = "references"


class CiderConfig(MetricConfig):
    damped: bool = Field(True, description="CIDEr-D; otherwise CIDEr")
    frequencies: str = Field(OWN, description="references, or a file of document frequencies")


@dataclass(frozen=True, slots=True)
class Frequencies:
    """In how many documents (a picture's references together) each n-gram occurs."""

    name: str
    n_documents: int
    counts: dict[str, int]

    def weight(self, gram: str) -> float:
        return math.log(self.n_documents) - math.log(max(1, self.counts.get(gram, 0)))


class Cider(Metric[CiderConfig]):
    """Statistics of a row: its score, and 1."""

    Config = CiderConfig
    cost = "slow"

    def __init__(self, config: CiderConfig | None = None) -> None:
        super().__init__(config)
        source = self.config.frequencies
        self.frequencies = None if source == OWN else Frequencies(**storage.read_json(Path(source)))

    @property
    def name(self) -> str:
        return "cider_d" if self.config.damped else "cider"

    @property
    def quantities(self) -> list[Quantity]:
        return [Quantity(name=self.name, label="CIDEr-D" if self.config.damped else "CIDEr", unit=10, places=())]

    @property
    def signature(self) -> str:
        source = f"{self.frequencies.name}({self.frequencies.n_documents})" if self.frequencies else OWN
        return f"{self.name}|n:{ORDER}|df:{source}" + (f"|sigma:{SIGMA}" if self.config.damped else "")

    def statistics(self, hypotheses: Sequence[str], references: Sequence[Sequence[str]]) -> Array:
        frequencies = self.frequencies or count_frequencies(references, OWN)
        rows = []
        for hypothesis, texts in zip(hypotheses, references, strict=True):
            ours = _vectors(hypothesis, frequencies)
            alike = [_similarity(ours, _vectors(reference, frequencies), self.config.damped) for reference in texts]
            rows.append((SCALE * sum(alike) / len(texts), 1.0))
        return np.array(rows, dtype=np.float64)


def count_frequencies(references: Sequence[Sequence[str]], name: str) -> Frequencies:
    """The document frequencies of prepared references."""
    counts: Counter[str] = Counter()
    for row in references:
        counts.update({gram for reference in row for order in _orders(reference) for gram in order})
    return Frequencies(name, len(references), dict(counts))


class _Vectors(NamedTuple):
    orders: list[dict[str, float]]
    norms: list[float]
    n_bigrams: int


def _orders(text: str) -> list[Counter[str]]:
    words = text.split()
    return [Counter(" ".join(words[i : i + n]) for i in range(len(words) - n + 1)) for n in range(1, ORDER + 1)]


def _vectors(text: str, frequencies: Frequencies) -> _Vectors:
    counts = _orders(text)
    orders = [{gram: k * frequencies.weight(gram) for gram, k in order.items()} for order in counts]
    norms = [math.sqrt(sum(value * value for value in order.values())) for order in orders]
    return _Vectors(orders, norms, counts[1].total())


def _similarity(ours: _Vectors, theirs: _Vectors, damped: bool) -> float:
    total = 0.0
    for a, b, norm_a, norm_b in zip(ours.orders, theirs.orders, ours.norms, theirs.norms, strict=True):
        if norm_a and norm_b:
            shared = sum((min(value, b[gram]) if damped else value) * b[gram] for gram, value in a.items() if gram in b)
            total += shared / (norm_a * norm_b)
    penalty = math.exp(-((ours.n_bigrams - theirs.n_bigrams) ** 2) / (2 * SIGMA**2)) if damped else 1.0
    return penalty * total / ORDER
