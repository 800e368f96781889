"""METEOR 1.5 is the jar's, whose answers were recorded."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from memecap.metrics.meteor15 import Meteor15, Meteor15Config

FIXTURES = Path(__file__).parents[1] / "fixtures" / "metrics"


@pytest.mark.parametrize("language", ["ru", "en"])
def test_meteor15_is_the_jars(language):
    with gzip.open(FIXTURES / f"meteor15_{language}.tsv.gz", "rt", encoding="utf-8") as file:
        header, *lines = [line.rstrip("\n").split("\t") for line in file]
    assert len(lines) >= 2000
    metric = Meteor15(Meteor15Config(language=language))
    statistics = metric.statistics([line[0] for line in lines], [[line[1]] for line in lines])
    recorded = np.array([float(line[2]) for line in lines])
    close = np.abs(metric.scores(statistics)["meteor15"] - recorded) <= 1e-6
    assert close.all()
    assert float(metric.scores(statistics.sum(axis=0))["meteor15"]) == pytest.approx(float(header[2]), abs=5e-4)
