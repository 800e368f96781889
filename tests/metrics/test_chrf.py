"""chrF on cases a person can work out; sacrebleu's numbers are in test_parity.py."""

from __future__ import annotations

import pytest

from memecap.metrics.chrf import Chrf, ChrfConfig
from tests.metrics.oracles import total


def test_letters_and_pairs_by_hand():
    """ "кот" beside "кит": 2 of 3 letters and 0 of 2 pairs on both sides, so both means and F are 1/3."""
    assert total(Chrf(ChrfConfig(order=2)), ["кот"], [["кит"]])["chrf2"] == pytest.approx(100 / 3)


def test_recall_weighs_four_times_precision():
    """Half of the letters: precision 1, recall 1/2, F2 = 5 · ½ / (4 + ½)."""
    assert total(Chrf(ChrfConfig(order=1)), ["ко"], [["коты"]])["chrf2"] == pytest.approx(100 * 2.5 / 4.5)


def test_spaces_do_not_count_and_words_do_where_they_are_asked_for():
    assert total(Chrf(), ["ко т"], [["кот"]])["chrf2"] == pytest.approx(100)
    name = Chrf(ChrfConfig(words=2)).name
    assert name == "chrf2++"
    assert total(Chrf(ChrfConfig(words=2)), ["ко т"], [["кот"]])[name] < 100


def test_the_best_reference_counts():
    assert total(Chrf(), ["кот"], [["пёс", "кот"]])["chrf2"] == pytest.approx(100)
