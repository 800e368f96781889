"""Intervals that hold the truth, tests that see a difference where there is one and none where there is none."""

from __future__ import annotations

import random

import numpy as np
import pytest

from memecap.errors import UsageError
from memecap.scoring import score as scoring
from memecap.scoring import significance

WORDS = [
    "кот",
    "пёс",
    "дом",
    "стол",
    "сидит",
    "лежит",
    "бежит",
    "надпись",
    "сверху",
    "снизу",
    "фото",
    "мем",
    "текст",
    "белый",
    "чёрный",
]


def corpus(n: int = 80, seed: int = 0) -> list[str]:
    truth = random.Random(seed)
    return [" ".join(truth.choices(WORDS, k=12)) for _ in range(n)]


def captions(quality: float, seed: int) -> list[str]:
    noise = random.Random(seed)
    return [" ".join(w if noise.random() < quality else noise.choice(WORDS) for w in t.split()) for t in corpus()]


def system(quality: float, n: int = 80, seed: int = 0, text_seed: int = 0) -> scoring.Measurement:
    """Captions that keep each word of their reference with this chance."""
    truth, noise = random.Random(text_seed), random.Random(seed)
    references = [[" ".join(truth.choices(WORDS, k=12))] for _ in range(n)]
    captions = [
        " ".join(word if noise.random() < quality else noise.choice(WORDS) for word in row[0].split())
        for row in references
    ]
    return scoring.measure(captions, references)


def test_intervals_hold_the_score_and_repeat():
    measured = system(0.5)
    found = significance.intervals(measured, resamples=300, seed=3)
    for name in ("bleu1", "chrf2", "meteor"):
        low, high = found[name]
        assert low < measured.scores[name] < high
    again = significance.intervals(system(0.5), resamples=300, seed=3)
    assert again == found


def test_a_real_difference_is_found_and_an_absent_one_is_not():
    better, worse, same = system(0.7, seed=1), system(0.4, seed=2), system(0.7, seed=3)
    real = significance.compare(better, worse, resamples=500)["chrf2"]
    assert real.difference > 0
    assert real.low > 0
    assert real.worse_p < 0.01
    none = significance.compare(better, same, resamples=500)["chrf2"]
    assert none.worse_p > 0.05


def test_a_system_does_not_differ_from_itself():
    for found in significance.compare(system(0.5), system(0.5), resamples=200).values():
        assert found.difference == 0
        assert found.p == found.p_randomisation == 1


def test_false_alarms_stay_near_the_level():
    found = [
        significance.compare(system(0.5, 30, seed, 9), system(0.5, 30, seed + 1000, 9), resamples=100)["chrf2"]
        for seed in range(30)
    ]
    assert np.mean([one.p_randomisation < 0.05 for one in found]) <= 0.2
    assert np.mean([one.p < 0.05 for one in found]) <= 0.2


def test_the_bootstrap_agrees_with_resampled_rows():
    """A resample's score from summed statistics is the score of the resampled captions themselves."""
    measured = system(0.5, n=20)
    places = np.random.default_rng(0).integers(20, size=20)
    weights = np.bincount(places, minlength=20).astype(float)
    summed = scoring.scores_of(measured.metrics, [weights @ rows for rows in measured.statistics])
    picked = scoring.scores_of(measured.metrics, [rows[places].sum(axis=0) for rows in measured.statistics])
    for name in summed:
        assert summed[name] == pytest.approx(picked[name])


def test_both_tests_agree_with_sacrebleus_randomisation(monkeypatch):
    """sacrebleu is the oracle. Its bootstrap is another test, whose p-values are less than ours by half or more."""
    from sacrebleu.metrics import CHRF
    from sacrebleu.significance import PairedTest

    monkeypatch.setenv("SACREBLEU_SEED", "5")
    for quality in (0.5, 0.53, 0.56):
        truth, (ours, theirs) = corpus(), (captions(0.5, 1), captions(quality, 2))
        measured = [
            scoring.measure(texts, [[text] for text in truth], "fbc2", more=[{"name": "chrf"}])
            for texts in (theirs, ours)
        ]
        found = significance.compare(*measured, resamples=2000)["chrf2"]
        p = {}
        for kind in ("ar", "bs"):
            systems = [("ours", ours), ("theirs", theirs)]
            test = PairedTest(systems, {"chrF": CHRF()}, [truth], test_type=kind, n_samples=2000)
            p[kind] = test()[1]["chrF2"][1].p_value
        assert found.p_randomisation == pytest.approx(p["ar"], abs=0.05)
        assert found.p == pytest.approx(p["ar"], abs=0.05)
        assert p["bs"] < 0.6 * found.p


def test_holm():
    assert significance.holm({"a": 0.01, "b": 0.04, "c": 0.03}) == pytest.approx({"a": 0.03, "c": 0.06, "b": 0.06})
    assert significance.holm({"a": 0.9, "b": 0.8}) == {"b": 1.0, "a": 1.0}


def test_two_protocols_are_not_compared():
    texts = ["кот сидит"], [["кот лежит"]]
    with pytest.raises(UsageError, match="protocols"):
        significance.compare(scoring.measure(*texts), scoring.measure(*texts, "ru-punct"))


def test_equal_numbers_of_other_rows_are_not_compared():
    ours = scoring.measure(["кот сидит"], [["кот лежит"]])
    with pytest.raises(UsageError, match="different rows"):
        significance.compare(ours, scoring.measure(["кот сидит"], [["пёс лежит"]]))
