"""Is a difference real? Bootstrap intervals, paired bootstrap, approximate randomisation, and Holm's correction.

In: measurements, whose statistics are summed anew for each resample: no row is scored twice. Out: intervals, p-values.

The bootstrap's p-value: signed differences of the resamples, moved so that their mean is zero (no difference), and the
share of them at least as far from zero as the observed one, either way. It agrees with approximate randomisation.
sacrebleu's paired bootstrap does not: it centres *absolute* differences and counts one side, so that its p-values are
about half as large.

Source: Koehn 2004; Riezler and Maxwell 2005, who warn of the bootstrap's false alarms; Holm 1979.

N rows, K statistics of a row, R resamples.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

import numpy as np

from memecap.errors import UsageError
from memecap.metrics.base import Array
from memecap.scoring.score import Measurement, scores_of

Test = TypeVar("Test", bound=Hashable)

RESAMPLES = 1000
LEVEL = 0.05
BLOCK = 4_000_000  # weights held at once


@dataclass(frozen=True, slots=True)
class Comparison:
    """System minus baseline: the difference, its 95 % interval, and two-sided p-values of two tests."""

    difference: float
    low: float
    high: float
    p: float  # paired bootstrap
    p_randomisation: float

    @property
    def worse_p(self) -> float:
        """The larger of the two p-values: what both tests agree on."""
        return max(self.p, self.p_randomisation)


def intervals(measurement: Measurement, *, resamples: int = RESAMPLES, seed: int = 0) -> dict[str, list[float]]:
    """The 95 % interval of every score, low and high: percentiles of the bootstrap."""
    drawn = _bootstrap(measurement, resamples, seed)
    return {name: np.percentile(values, [2.5, 97.5]).tolist() for name, values in drawn.items()}


def compare(
    system: Measurement, baseline: Measurement, *, resamples: int = RESAMPLES, seed: int = 0
) -> dict[str, Comparison]:
    """Two systems, score by score. Raises `UsageError` where their signatures or references differ."""
    if (system.signature, system.rows) != (baseline.signature, baseline.rows):
        raise UsageError(
            "systems scored by different protocols or on different rows cannot stand in one table",
            where=f"{system.n} rows, {system.signature}\n         {baseline.n} rows, {baseline.signature}",
            fix="Score them with one preset and one version of memecap, on the same rows.",
        )
    ours, theirs = _bootstrap(system, resamples, seed), _bootstrap(baseline, resamples, seed)
    swapped = _randomise(system, baseline, resamples, seed)
    found = {}
    for name in system.scores:
        observed = system.scores[name] - baseline.scores[name]
        drawn = ours[name] - theirs[name]
        low, high = np.percentile(drawn, [2.5, 97.5]).tolist()
        p = _p(drawn - drawn.mean(), observed)
        found[name] = Comparison(observed, low, high, p, _p(swapped[name], observed))
    return found


def holm(p_values: Mapping[Test, float]) -> dict[Test, float]:
    """p-values of a family of tests, corrected so that the chance of any false alarm stays below the level."""
    corrected: dict[Test, float] = {}
    largest = 0.0
    for rank, (name, p) in enumerate(sorted(p_values.items(), key=lambda item: item[1])):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p))
        corrected[name] = largest
    return corrected


def _p(drawn: Array, observed: float) -> float:
    extreme = int(np.sum(np.abs(drawn) >= abs(observed) - 1e-12))
    return (extreme + 1) / (len(drawn) + 1)


@lru_cache(maxsize=8)
def _bootstrap(measurement: Measurement, resamples: int, seed: int) -> dict[str, Array]:
    """Scores of each resample: name → [R]. One seed draws the same rows for every system, which pairs them."""
    generator, n = np.random.default_rng(seed), measurement.n

    def draw(size: int) -> dict[str, Array]:
        places = generator.integers(n, size=(size, n)) + n * np.arange(size)[:, None]
        weights = np.bincount(places.ravel(), minlength=size * n).reshape(size, -1).astype(np.float64)
        return scores_of(measurement.metrics, [weights @ rows for rows in measurement.statistics])

    return _in_blocks(draw, n, resamples)


def _randomise(system: Measurement, baseline: Measurement, resamples: int, seed: int) -> dict[str, Array]:
    """Differences of scores when each row's captions change sides by the toss of a coin: name → [R]."""
    generator = np.random.default_rng([seed, 1])
    gaps = [b - a for a, b in zip(system.statistics, baseline.statistics, strict=True)]

    def draw(size: int) -> dict[str, Array]:
        sides = generator.integers(2, size=(size, system.n)).astype(np.float64)
        moved = [sides @ gap for gap in gaps]
        ours = [rows.sum(axis=0) + move for rows, move in zip(system.statistics, moved, strict=True)]
        theirs = [rows.sum(axis=0) - move for rows, move in zip(baseline.statistics, moved, strict=True)]
        a, b = scores_of(system.metrics, ours), scores_of(baseline.metrics, theirs)
        return {name: a[name] - b[name] for name in a}

    return _in_blocks(draw, system.n, resamples)


def _in_blocks(draw: Callable[[int], Mapping[str, Array]], n: int, resamples: int) -> dict[str, Array]:
    """All resamples of N rows, drawn in portions that fit in memory."""
    block = max(1, BLOCK // n)
    drawn = [draw(min(block, resamples - start)) for start in range(0, resamples, block)]
    return {name: np.concatenate([portion[name] for portion in drawn]) for name in drawn[0]}
