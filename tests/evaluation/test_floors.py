"""Floors: what they say without looking, and scenes that read before a colon."""

from __future__ import annotations

import pytest

from memecap.evaluation import floors


@pytest.mark.parametrize(
    ("caption", "scene"),
    [
        ('подпись: "да". ниже кот и пёс.', "подпись. ниже кот и пёс"),
        ("Сверху «раз», снизу «два». Кот смеётся!", "Сверху, снизу. Кот смеётся"),
        ('кот говорит: "мяу', "кот говорит"),
        ("кот» и <<пёс", "кот и пёс"),
        ('"только цитата"', ""),
        ("кот у окна, 3.5 метра", "кот у окна, 3.5 метра"),
    ],
)
def test_a_scene_is_what_stands_outside_quotes_and_reads_before_a_colon(caption, scene):
    assert floors.bare_scene(caption) == scene


def test_composite_captions_read_as_captions():
    assert floors.compose("на фото кот", "мяу мяу") == 'на фото кот: "мяу мяу".'
    assert floors.compose("на фото кот", "") == "на фото кот."
    assert floors.compose("", "мяу") == '"мяу".'
    training = ['подпись: "мяу".', 'подпись: "гав".', '"одна цитата"', 'на рисунке кит: "у".']
    assert floors.best_scene(training) == "подпись"
    assert set(floors.random_scenes(training, 30)) == {"подпись", "на рисунке кит"}
    assert floors.random_scenes(['"цитата"'], 2) == ["", ""]


def test_floors_look_at_training_captions_only():
    training = ["кот сидит на столе", "кот сидит на стуле. да", "совсем другое"]
    assert floors.best_constant(training) in {"кот сидит на столе", "кот сидит на стуле.", "кот сидит на стуле. да"}
    assert set(floors.random_captions(training, 20)) <= set(training)
    assert floors.random_captions(training, 5, seed=1) == floors.random_captions(training, 5, seed=1)
    for n in (2, 3, 50):
        moved = floors.derangement(list(range(n)), seed=n)
        assert sorted(moved) == list(range(n))
        assert all(i != item for i, item in enumerate(moved))


def test_the_constant_is_scored_exactly_as_chrf_scores_it():
    from memecap.metrics.chrf import Chrf

    training = ["кот сидит на столе", "пёс лежит на полу и спит", "надпись сверху кот кот", "пусто"]

    def chrf(text: str) -> float:
        prepared = [[t.replace("ё", "е")] for t in training]
        return float(Chrf().scores(Chrf().statistics([text.replace("ё", "е")] * 4, prepared).sum(axis=0))["chrf2"])

    assert chrf(floors.best_constant(training)) == max(map(chrf, training))
