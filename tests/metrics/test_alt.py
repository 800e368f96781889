"""The eight properties of alt text, on captions whose faults anybody can hear."""

from __future__ import annotations

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from memecap.cli import app, verbs  # noqa: F401  (each verb adds itself)
from memecap.core import storage
from memecap.metrics.alt import Alt

REFERENCE = 'На первом кадре грустный кот. Подпись: "сегодня понедельник". На втором кадре пёс говорит: "это пройдёт".'
GOOD = "На первом кадре печальный кот и подпись: «Сегодня понедельник». На втором кадре пёс говорит: «Это пройдёт»."
EVERY = [
    "quotes",
    "nothing_new",
    "scene",
    "feeling",
    "first",
    "order",
    "speakable",
    "literal",
]


def found(caption: str, *references: str) -> dict[str, float]:
    """The properties of one caption; those that its references do not tell are left out."""
    metric = Alt()
    rows = metric.statistics([caption], [references or (REFERENCE,)])
    counts = rows[0][1::2]
    scores = metric.scores(rows.sum(axis=0))
    return {name: float(scores[f"alt_{name}"]) for name, there in zip(EVERY, counts, strict=True) if there}


def test_a_good_one_has_them_all():
    assert found(GOOD) == dict.fromkeys(EVERY, 1.0)


@pytest.mark.parametrize(
    ("caption", "lost"),
    [
        ("На первом кадре печальный кот. На втором кадре пёс говорит: «Это пройдёт».", {"quotes"}),
        (GOOD[:-1] + " и «чего никто нигде не писал никогда».", {"nothing_new"}),
        ("Печальная надпись: «Сегодня понедельник». Ниже: «Это пройдёт».", {"scene"}),
        (GOOD.replace("печальный ", ""), {"feeling"}),
        ("Печально. " + GOOD.replace("печальный ", ""), {"first"}),
        ("Печальный кот и пёс говорит: «Это пройдёт». Подпись: «Сегодня понедельник».", {"order"}),
        ("на" + GOOD[2:], {"speakable"}),
        (GOOD[:-1], {"speakable"}),
        (GOOD + ".", {"speakable"}),
        ("Изображение. " + GOOD, {"speakable"}),
        (GOOD.replace("Сегодня понедельник", "СЕГОДНЯ ПОНЕДЕЛЬНИК"), {"speakable"}),
        (GOOD + " Пёс и кот. Пёс и кот. Пёс и кот.", {"speakable"}),
        (GOOD + " Шутка в том, что кот устал.", {"literal"}),
    ],
)
def test_each_fault_is_heard(caption, lost):
    assert {name for name, value in found(caption).items() if not value} == lost


def test_what_is_marked_as_doubtful_is_no_claim():
    claimed = found(GOOD[:-1] + " и «совсем другие слова тут стоят».")
    marked = found(GOOD[:-1] + " и «совсем другие слова тут стоят» (неразборчиво).")
    inside = found(GOOD.replace("пройдёт", "пройдёт (неразборчиво: совсем другие слова тут)"))
    assert (claimed["nothing_new"], marked["nothing_new"], inside["nothing_new"]) == (0, 1, 1)


def test_what_references_do_not_tell_is_not_asked():
    assert found("Кот.", "кот на столе").keys() == set(EVERY) - {"quotes", "feeling", "order"}
    assert set(found("", "кот").values()) == {0.0, 1.0}


def test_the_command_line_shows_the_shares(tmp_path):
    path = tmp_path / "mine.jsonl"
    rows = [
        {"image_id": str(n), "caption": text, "references": [REFERENCE]} for n, text in enumerate([GOOD, GOOD[:-1]])
    ]
    storage.write_jsonl(path, rows)
    result = CliRunner().invoke(app, ["score", str(path), "--alt", "--json", "--resamples", "100"])
    (record,) = json.loads(result.stdout)
    assert record["scores"]["alt_speakable"] == 0.5
    assert record["scores"]["alt_quotes"] == 1.0
    table = CliRunner().invoke(app, ["score", str(path), "--alt", "--resamples", "100"]).stdout
    assert "alt_speakable" in table and "0.500" in table


def test_shares_are_over_the_rows_that_count():
    metric = Alt()
    rows = metric.statistics([GOOD, "Кот."], [[REFERENCE], ["кот"]])
    assert rows.shape == (2, 16)
    scores = metric.scores(rows.sum(axis=0))
    assert scores["alt_quotes"] == 1.0
    assert np.isclose(scores["alt_properties"], 1.0)
