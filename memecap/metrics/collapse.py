"""Collapse: signs that a captioner says the same thing of everything, or the same thing over and over.

In: words joined by spaces. Out, each 0..1 but the last:
    distinct1, distinct2    different words (pairs of words) over all words (pairs) of all captions
    unique_captions         different captions over captions
    repeated_4grams         the share of captions that say some four words twice
    copied_from_training    the share of captions that are, word for word, a training caption (when those are given)
    length_ratio            words of the captions over words of the references nearest to them in length

Every occurrence of a word counts for one over its occurrences in all captions, so that distinct counts are sums over
rows; a resample keeps these weights.

Source: Li et al. 2016 for distinct-n. Limits: distinct-n falls as a set grows; compare equal numbers of captions only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from itertools import chain

import numpy as np
from pydantic import Field

from memecap.metrics.base import Array, Direction, Metric, MetricConfig, Quantity, ratio
from memecap.metrics.overlap.ngrams import loops, nearest, ngrams


class CollapseConfig(MetricConfig):
    training: frozenset[str] | None = Field(None, description="training captions, prepared as the texts are")


def _guard(name: str, label: str, label_ru: str, direction: Direction) -> Quantity:
    return Quantity(name=name, label=label, label_ru=label_ru, direction=direction, places=("guard",))


class Collapse(Metric[CollapseConfig]):
    """Statistics of a row: words, pairs; distinct words, pairs, captions; loop; copy; words of the reference; 1."""

    Config = CollapseConfig
    of_rows = False
    quantities = (
        _guard("length_ratio", "Length to reference", "Длина к эталону", "neither"),
        _guard("repeated_4grams", "Captions that loop", "Подписей с повторами", "lower"),
        _guard("unique_captions", "Different captions", "Разных подписей", "higher"),
        _guard("copied_from_training", "Copies of training captions", "Копий из обучения", "lower"),
        Quantity(name="distinct1", label="Different words", label_ru="Разных слов", places=()),
        Quantity(name="distinct2", label="Different pairs of words", label_ru="Разных пар слов", places=()),
    )

    @property
    def signature(self) -> str:
        return "collapse" + ("" if self.config.training is None else "|copies")

    def statistics(self, hypotheses: Sequence[str], references: Sequence[Sequence[str]]) -> Array:
        orders = [[ngrams(hypothesis.split(), n) for hypothesis in hypotheses] for n in (1, 2)]
        totals = [Counter(chain.from_iterable(count.elements() for count in order)) for order in orders]
        times = Counter(hypotheses)
        training = self.config.training or frozenset()
        statistics = []
        for hypothesis, texts, counts in zip(hypotheses, references, zip(*orders, strict=True), strict=True):
            sizes = [count.total() for count in counts]
            distinct = [_share(count, total) for count, total in zip(counts, totals, strict=True)]
            wanted = nearest(sizes[0], [reference.split() for reference in texts])
            same = hypothesis in training
            statistics.append((*sizes, *distinct, 1 / times[hypothesis], loops(hypothesis), same, wanted, 1))
        return np.array(statistics, dtype=np.float64)

    def scores(self, totals: Array) -> dict[str, Array]:
        words, pairs, distinct1, distinct2, captions, looped, copied, wanted, n = np.moveaxis(totals, -1, 0)
        found = {
            "distinct1": ratio(distinct1, words),
            "distinct2": ratio(distinct2, pairs),
            "unique_captions": ratio(captions, n),
            "repeated_4grams": ratio(looped, n),
            "length_ratio": ratio(words, wanted),
        }
        return found if self.config.training is None else found | {"copied_from_training": ratio(copied, n)}


def _share(counts: Counter[Hashable], totals: Counter[Hashable]) -> float:
    return sum(count / totals[gram] for gram, count in counts.items())
