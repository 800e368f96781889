"""Metric: rows of text → statistics [N K] → scores. Because scores are functions of *summed* statistics, a
bootstrap is one matrix product: no row is scored twice.

N rows, K statistics of a row, R resamples.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from typing_extensions import TypeVar

from memecap.core.config import Frozen, PartConfig
from memecap.core.part import Part

Array = NDArray[np.float64]
Candidate = TypeVar("Candidate")
#: what of a text a metric sees: all its words, its quoted spans (a line each), the rest, or the text as it is written
View = Literal["text", "quotes", "scene", "written"]
#: neither: there is a right amount, such as a length ratio of 1
Direction = Literal["higher", "lower", "neither"]
#: of 1,000 captions on a CPU: under a second or so, several seconds, or a network whose files must be there first
Cost = Literal["quick", "slow", "network"]
#: headline: the score that stands for a system, before all others; table: in tables without `--all`; guard: there too,
#: and its differences are not marked; epoch: in the log of a run, after each epoch; curve: in the drawing of that log
Place = Literal["headline", "table", "guard", "epoch", "curve"]

SCENE = "scene_"  # before the names of scores of the scene alone


class Quantity(Frozen):
    """One of the scores that a metric gives: what it is called, which way is better, and how it is written."""

    name: str  # the key of the score
    label: str
    label_ru: str = ""  # as in English when empty
    direction: Direction = "higher"  # the better one
    unit: int = 1  # what is full marks: 1 of a fraction, 100 of a percentage, 10 of CIDEr
    decimals: int = 3
    places: tuple[Place, ...] = ("table", "epoch", "curve")  # none: where every score is asked for

    @property
    def in_russian(self) -> str:
        return self.label_ru or self.label

    def of_scene(self) -> Quantity:
        """The same of a text without its quotes; never in a short table."""
        label, label_ru = f"Scene: {self.label}", f"Сцена: {self.in_russian}"
        return self.model_copy(update={"name": SCENE + self.name, "label": label, "label_ru": label_ru, "places": ()})


class MetricConfig(PartConfig):
    """The settings every metric has."""

    view: View = Field(
        "text", description="text: all words; quotes: those of quoted spans; scene: the others; written: no tokens"
    )


C = TypeVar("C", bound=MetricConfig, covariant=True, default=MetricConfig)


class Metric(Part[C]):
    """A score of hypotheses against references. A corpus-level metric sums counts, a segment-level one sums scores."""

    Config: type[C] = MetricConfig  # type: ignore[assignment]  # of a metric without settings of its own
    cost: ClassVar[Cost] = "quick"
    of_rows: ClassVar[bool] = True  # what a row adds does not depend on the captions of others

    @property
    def judge(self) -> str:
        """The hash of the network that looks at the pictures (`encoders.base.sight`); empty where none does."""
        return ""

    @property
    @abstractmethod
    def quantities(self) -> Sequence[Quantity]:
        """Everything that `scores` gives, in the order of a table's columns."""

    @property
    @abstractmethod
    def signature(self) -> str:
        """Everything that changes the number, such as `bleu|n:4|smooth:none`."""

    def statistics(self, hypotheses: Sequence[str], references: Sequence[Sequence[str]]) -> Array:
        """Float[N K]: what each row adds; here, rows that know nothing of each other, by `row`.

        Texts come from the preset: normalised, tokens joined by spaces.
        """
        rows = [self.row(hypothesis, texts) for hypothesis, texts in zip(hypotheses, references, strict=True)]
        return np.array(rows, dtype=np.float64)

    def row(self, hypothesis: str, references: Sequence[str]) -> Sequence[float]:
        """What one row adds, of a metric that leaves `statistics` as it is."""
        raise NotImplementedError(f"{type(self).__name__} says neither `row` nor `statistics`")

    def scores(self, totals: Array) -> Mapping[str, Array]:
        """Scores by name from summed statistics [... K] → [...], in the unit of the tool they are compared with.

        Here: means over rows. Statistic k of a row is its score of quantity k, and the last one is 1.
        """
        return {one.name: ratio(totals[..., k], totals[..., -1]) for k, one in enumerate(self.quantities)}


def quantities(metrics: Iterable[Metric]) -> dict[str, Quantity]:
    """What these metrics give, as they are set: of the scene alone where they look at no more."""
    found = [
        quantity.of_scene() if metric.config.view == "scene" else quantity
        for metric in metrics
        for quantity in metric.quantities
    ]
    return {quantity.name: quantity for quantity in found}


def ratio(numerator: Array, denominator: Array) -> Array:
    """Their quotient, and 0 where the denominator is 0."""
    return np.divide(
        numerator, denominator, out=np.zeros(np.broadcast(numerator, denominator).shape), where=denominator != 0
    )


def best(candidates: Sequence[Candidate], score: Callable[[Candidate], float]) -> Candidate:
    """The first candidate with the highest score: how a row chooses among its references."""
    return candidates[0] if len(candidates) == 1 else max(candidates, key=score)
