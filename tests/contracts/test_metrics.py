"""What every metric promises: sums of statistics are all it needs, order and company of rows do not matter."""

from __future__ import annotations

import numpy as np
import pytest

from memecap.core import config, registry
from memecap.metrics.base import Metric

HYPOTHESES = ["кот сидит на столе", "надпись сверху", "", "пёс и кот", "кот сидит на столе"]
REFERENCES = [["кот лежит на столе"], ["надпись снизу", "надпись сверху"], ["пусто"], ["пёс и кот"], ["стол"]]
NAMES = [name for name in registry.names("metrics") if registry.load("metrics", name).cost != "network"]


@pytest.fixture(params=NAMES)
def metric(request) -> Metric:
    return config.build("metrics", request.param)


def test_statistics_have_a_row_each_and_scores_take_any_shape(metric):
    statistics = metric.statistics(HYPOTHESES, REFERENCES)
    assert statistics.shape[0] == len(HYPOTHESES)
    assert statistics.dtype == np.float64
    corpus, rows = metric.scores(statistics.sum(axis=0)), metric.scores(statistics)
    assert corpus.keys() == rows.keys()
    for name, values in rows.items():
        assert values.shape == (len(HYPOTHESES),)
        assert np.isfinite(values).all(), name
        assert np.isfinite(corpus[name])


@pytest.mark.parametrize("name", registry.names("metrics"))
def test_every_score_is_described_once(name):
    metric = config.build("metrics", name)
    described = [one.name for one in metric.quantities]
    assert len(set(described)) == len(described)
    assert all(one.label and one.unit in (1, 10, 100) and 0 <= one.decimals <= 3 for one in metric.quantities)
    if name in NAMES:
        assert metric.scores(metric.statistics(HYPOTHESES, REFERENCES)).keys() <= set(described)


def test_no_score_is_of_two_metrics():
    described = [one.name for name in registry.names("metrics") for one in config.build("metrics", name).quantities]
    assert len(set(described)) == len(described)


def test_the_order_of_rows_does_not_matter(metric):
    order = [3, 0, 4, 1, 2]
    there = metric.statistics(HYPOTHESES, REFERENCES).sum(axis=0)
    back = metric.statistics([HYPOTHESES[i] for i in order], [REFERENCES[i] for i in order]).sum(axis=0)
    np.testing.assert_allclose(there, back)


def test_a_second_reference_never_hurts_a_perfect_caption(metric):
    one = metric.scores(metric.statistics(["кот и пёс"], [["кот и пёс"]]).sum(axis=0))
    two = metric.scores(metric.statistics(["кот и пёс"], [["кот и пёс", "дом"]]).sum(axis=0))
    for name in one:
        if not name.startswith("cider"):  # CIDEr is a mean over references
            assert two[name] >= one[name] - 1e-12


def test_signatures_differ_and_are_one_line():
    signatures = [config.build("metrics", name).signature for name in NAMES]
    assert len(set(signatures)) == len(NAMES)
    assert all(signature and not set(signature) & set(" \n") - {" "} for signature in signatures)
