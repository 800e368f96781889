"""Scores of a part of the rows: of pictures that a memory knew, and of those it did not.

In: systems on the same rows and their measurements. Out: for each, a measurement of the part, from the statistics that
there are already: no row is scored twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from memecap.scoring.predictions import Prediction
from memecap.scoring.score import Measurement, scores_of

KNOWN, NEW = "known", "new"


def known_and_new(rows: Sequence[Prediction]) -> Mapping[str, Sequence[int]]:
    """The rows whose reading holds a recollection, and the others; nothing where no row has one."""
    known = [number for number, row in enumerate(rows) if _is_known(row)]
    new = [number for number, row in enumerate(rows) if not _is_known(row)]
    return {name: places for name, places in ((KNOWN, known), (NEW, new)) if places} if known else {}


def part_of(measurement: Measurement, places: Sequence[int]) -> Measurement:
    """The measurement of these rows alone, without metrics that look at all captions together."""
    pairs = zip(measurement.metrics, measurement.statistics, strict=True)
    kept = [(metric, rows[list(places)]) for metric, rows in pairs if metric.of_rows]
    metrics, statistics = tuple(metric for metric, _ in kept), tuple(rows for _, rows in kept)
    found = scores_of(metrics, [rows.sum(axis=0) for rows in statistics])
    scores = {name: float(value) for name, value in found.items()}
    return replace(measurement, scores=scores, n=len(places), metrics=metrics, statistics=statistics, signs=())


def _is_known(row: Prediction) -> bool:
    reading = row.rest.get("reading")
    return isinstance(reading, Mapping) and bool(reading.get("recollections"))
