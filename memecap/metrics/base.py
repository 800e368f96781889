"""Metric: rows of text → statistics [N K] → scores. Because scores are functions of *summed* statistics, a
bootstrap is one matrix product: no row is scored twice.

N rows, K statistics of a row, R resamples.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Literal, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from memecap.core.config import PartConfig

Array = NDArray[np.float64]
Candidate = TypeVar("Candidate")
#: what of a text a metric sees: all its words, its quoted spans (a line each), the rest, or the text as it is written
View = Literal["text", "quotes", "scene", "written"]


class MetricConfig(PartConfig):
    """The settings every metric has."""

    view: View = Field(
        "text", description="text: all words; quotes: those of quoted spans; scene: the others; written: no tokens"
    )


class Metric(ABC):
    """A score of hypotheses against references. A corpus-level metric sums counts, a segment-level one sums scores."""

    Config: type[MetricConfig] = MetricConfig

    config: MetricConfig

    @property
    def judge(self) -> str:
        """The hash of the network that looks at the pictures (`encoders.base.sight`); empty where none does."""
        return ""

    @property
    @abstractmethod
    def signature(self) -> str:
        """Everything that changes the number, such as `bleu|n:4|smooth:none`."""

    @abstractmethod
    def statistics(self, hypotheses: Sequence[str], references: Sequence[Sequence[str]]) -> Array:
        """Float[N K]: what each row adds. Texts come from the preset: normalised, tokens joined by spaces."""

    @abstractmethod
    def scores(self, totals: Array) -> Mapping[str, Array]:
        """Scores by name from summed statistics [... K] → [...], in the unit of the tool they are compared with."""


def ratio(numerator: Array, denominator: Array) -> Array:
    """Their quotient, and 0 where the denominator is 0."""
    return np.divide(
        numerator, denominator, out=np.zeros(np.broadcast(numerator, denominator).shape), where=denominator != 0
    )


def best(candidates: Sequence[Candidate], score: Callable[[Candidate], float]) -> Candidate:
    """The first candidate with the highest score: how a row chooses among its references."""
    return candidates[0] if len(candidates) == 1 else max(candidates, key=score)
