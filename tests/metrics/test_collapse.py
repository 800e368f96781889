"""Signs of collapse, counted by hand."""

from __future__ import annotations

import pytest

from memecap.metrics.collapse import Collapse, CollapseConfig
from tests.metrics.oracles import total


def test_collapse_sees_repetition_and_copies():
    hypotheses = ["кот сидит", "кот сидит", "да да да да да"]
    references = [["кот"], ["кот"], ["да"]]
    scores = total(Collapse(CollapseConfig(training=frozenset({"кот сидит"}))), hypotheses, references)
    assert scores["distinct1"] == pytest.approx(3 / 9)
    assert scores["distinct2"] == pytest.approx(2 / 6)
    assert scores["unique_captions"] == pytest.approx(2 / 3)
    assert scores["repeated_4grams"] == pytest.approx(1 / 3)
    assert scores["copied_from_training"] == pytest.approx(2 / 3)
    assert scores["length_ratio"] == pytest.approx(9 / 3)
    assert "copied_from_training" not in total(Collapse(), hypotheses, references)
