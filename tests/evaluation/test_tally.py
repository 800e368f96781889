"""Votes counted: wins with an interval as wide as the pictures make it, and agreement beyond chance."""

from __future__ import annotations

import itertools
from collections import Counter

import numpy as np
import pytest

from memecap.errors import DataError
from memecap.evaluation import tally


def said(judge, winners):
    return [{"judge": judge, "image_id": str(i), "winner": w} for i, w in enumerate(winners) if w != "."]


def test_the_tally_counts_wins_and_agreement():
    found = tally.tally([*said("анна", "aaab"), *said("борис", ["a", "a", "b", "b"])])
    assert (found.n, found.pictures, found.a, found.b, found.tie, found.judges) == (8, 4, 5, 3, 0, 2)
    assert found.win_rate == pytest.approx(5 / 8)
    assert found.agreement == 0.75
    assert found.alpha == pytest.approx(1 - 7 * 2 / 30)  # by hand: o_ab + o_ba = 2, and 2 * 5 * 3 expected
    one = tally.tally(said("анна", "aaaaabbb"))
    assert (one.low, one.high) == pytest.approx((0.3057, 0.8632), abs=1e-4)  # Wilson's interval of 5 in 8
    assert (one.agreement, one.alpha) == (None, None)
    ties = tally.tally(said("анна", ["tie", "tie"]))
    assert ties.win_rate == 0.5
    assert 0 < ties.low < ties.high < 1
    for bad in ({"winner": "c"}, {"winner": ["a"]}, {"judge": 3}, {"judging": "x"}):
        with pytest.raises(DataError, match="not an answer"):
            tally.tally([{"judge": "анна", "image_id": "1", "winner": "a"} | bad])
    with pytest.raises(DataError, match="not an answer"):
        tally.tally(["анна"])


def test_five_judges_of_twelve_pictures_are_twelve_pictures():
    """Judges who agree on each picture add nothing to the sample: 8 of 12 pictures, not 40 of 60 votes."""
    found = tally.tally(itertools.chain(*(said(f"судья {j}", "aaaaaaaabbbb") for j in range(5))))
    assert (found.n, found.pictures, found.judges) == (60, 12, 5)
    assert (found.low, found.high) == pytest.approx((0.391, 0.862), abs=5e-4)  # Wilson's interval of 8 in 12
    assert (found.agreement, found.alpha) == (1, 1)
    unanimous = tally.tally(itertools.chain(*(said(f"судья {j}", "a" * 12) for j in range(5))))
    assert (unanimous.low, unanimous.high) == pytest.approx((0.7575, 1.0), abs=1e-4)  # Wilson's interval of 12 in 12


def test_the_interval_is_as_wide_as_a_bootstrap_of_pictures():
    """The oracle resamples pictures with all their votes, 20,000 times."""
    rng = np.random.default_rng(3)
    leaning = rng.uniform(size=120)
    answers = [said(f"судья {j}", ["a" if rng.uniform() < share else "b" for share in leaning]) for j in range(4)]
    found = tally.tally(itertools.chain(*answers))
    shares = np.array([[row["winner"] == "a" for row in judge] for judge in answers]).mean(axis=0)
    means = shares[rng.integers(0, 120, size=(20_000, 120))].mean(axis=1)
    assert (found.low, found.high) == pytest.approx(np.quantile(means, [0.025, 0.975]), abs=0.012)
    alone = 1.96 * (found.win_rate * (1 - found.win_rate) / 480) ** 0.5
    assert found.high - found.low > 1.25 * 2 * alone  # 480 independent votes would be told far too surely


PUBLISHED = [  # Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability", examples B and C
    (["aabbdcccedda", "babbbccceddd"], 0.692),
    (["123321412...", "1233224125.3", ".3332342251.", "12332441251."], 0.743),
]


def by_coincidences(units):
    """Alpha from the matrix of coincidences, as the paper's section C fills it, pair by pair."""
    matrix = Counter()
    for values in units:
        for i, j in itertools.permutations(range(len(values)), 2):
            matrix[values[i], values[j]] += 1 / (len(values) - 1)
    kinds = sorted({kind for pair in matrix for kind in pair})
    totals = {c: sum(matrix[c, k] for k in kinds) for c in kinds}
    n = sum(totals.values())
    observed = sum(matrix[c, k] for c in kinds for k in kinds if c != k)
    expected = sum(totals[c] * totals[k] for c in kinds for k in kinds if c != k) / (n - 1)
    return 1 - observed / expected


@pytest.mark.parametrize(("observers", "published"), PUBLISHED)
def test_alpha_is_krippendorffs(observers, published):
    units = [[value for value in column if value != "."] for column in zip(*observers, strict=True)]
    assert tally.alpha(units) == pytest.approx(published, abs=5e-4)
    assert tally.alpha(units) == pytest.approx(by_coincidences([unit for unit in units if len(unit) > 1]), abs=1e-12)


def test_alpha_of_nothing_to_agree_on_is_not_said():
    assert tally.alpha([["a"], ["b"]]) is None
    assert tally.alpha([["a", "a"], ["a", "a", "a"]]) is None
    assert tally.alpha([["a", "b"], ["b", "a"]]) < 0
