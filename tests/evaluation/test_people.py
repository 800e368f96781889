"""Metrics beside people, on cases a person can work out and against scipy-like sums done by hand."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from memecap.errors import DataError
from memecap.evaluation import people, rating
from memecap.scoring.predictions import Prediction


def predictions(captions):
    return [Prediction(str(i), text, ("кот сидит на столе у окна",)) for i, text in enumerate(captions)]


GOOD = predictions(["кот сидит на столе у окна", "кот сидит на столе у окна", "кот сидит на столе"])
BAD = predictions(["пёс бежит по лесу", "рыба плавает в реке", "дом стоит в поле"])
SYSTEMS = {"good": GOOD, "bad": BAD}


def rated(values, judge="anna"):
    told = rating.Rating({"good": "1", "bad": "2"}, 0, 5)
    for name, rows in SYSTEMS.items():
        for item_rows in rows:
            item = rating.Item("", item_rows.image_id, "", item_rows.caption, (name,))
            yield from rating.answers_of(item, values(name, item_rows), judge, told)


def test_a_metric_that_agrees_with_everybody_agrees_fully():
    answers = rated(lambda name, row: {q: 5 if (name == "good") != (q == "invented") else 1 for q in rating.QUESTIONS})
    found = {one.question: one for one in people.correlate(answers, SYSTEMS, resamples=50)}
    assert found.keys() == rating.QUESTIONS.keys()
    for one in found.values():
        assert (one.judges, one.captions, one.pictures, one.alpha) == (1, 6, 3, None)
        assert one.metrics["chrf2"]["pairs"][0] == 1
        assert one.metrics["invented"]["pairs"][0] == 1  # turned: fewer inventions are better
        assert one.metrics["chrf2"]["kendall"][0] > 0.7


def test_pairs_are_counted_where_one_caption_won():
    judging = {"a": "good", "b": "bad"}
    answers = [
        {"judge": judge, "image_id": str(i), "winner": winner, "judging": judging}
        for judge, winners in (("anna", "aba"), ("boris", "aaa"))
        for i, winner in enumerate(winners)
    ]
    (found,) = people.correlate(answers, SYSTEMS, resamples=50)
    assert (found.question, found.judges, found.pictures) == ("better", 2, 3)
    assert found.metrics["chrf2"]["pairs"] == (1, 1, 1)  # the judges part on the second: nobody won there
    assert found.metrics["chrf2"]["kendall"] is None


def test_answers_about_other_captions_are_left_out():
    answers = [{**one, "caption_sha256": "other"} for one in rated(lambda *_: dict.fromkeys(rating.QUESTIONS, 3))]
    with pytest.raises(DataError, match="no answer"):
        people.correlate(answers, SYSTEMS)


def test_alpha_is_krippendorffs():
    """The example of his paper of 2011: four observers, twelve units, interval data: .849."""
    nothing = None
    observers = [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, nothing, nothing, nothing],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, nothing, 3],
        [nothing, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, nothing],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, nothing],
    ]
    units = [[value for value in unit if value is not None] for unit in zip(*observers, strict=True)]
    assert people.interval_alpha(units) == pytest.approx(0.849, abs=5e-4)
    assert people.interval_alpha([[1], [2]]) is None
    assert people.interval_alpha([[2, 2], [2]]) is None


def test_tau_and_rho_are_those_of_lists_with_every_item_written_out():
    rng = np.random.default_rng(0)
    a, b = rng.integers(0, 5, 12).astype(float), rng.integers(0, 5, 12).astype(float)
    counts = rng.integers(0, 3, 12)
    long_a, long_b = np.repeat(a, counts), np.repeat(b, counts)
    assert people.kendall(a, b, counts[None].astype(float))[0] == pytest.approx(tau_b(long_a, long_b), abs=1e-6)
    ones = np.ones((1, 12))
    assert people.spearman(a, b, ones)[0] == pytest.approx(np.corrcoef(mean_ranks(a), mean_ranks(b))[0, 1])


def tau_b(a, b):
    pairs = list(combinations(range(len(a)), 2))
    concordant = sum((a[i] - a[j]) * (b[i] - b[j]) > 0 for i, j in pairs)
    discordant = sum((a[i] - a[j]) * (b[i] - b[j]) < 0 for i, j in pairs)
    ours, theirs = (sum(values[i] != values[j] for i, j in pairs) for values in (a, b))
    return (concordant - discordant) / (ours * theirs) ** 0.5


def mean_ranks(values):
    return [1 + sum(x < v for x in values) + (sum(x == v for x in values) - 1) / 2 for v in values]
