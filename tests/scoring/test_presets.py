"""Protocols: what becomes of a text, and that each signs what it did."""

from __future__ import annotations

import unicodedata

import numpy as np
import pytest

from memecap.scoring import presets
from memecap.scoring import score as scoring

HYPOTHESES = ["надпись: «кот и пёс»", "кот сидит на столе.", "на фото Ёж"]
REFERENCES = [['Надпись: "Кот и Пёс"'], ["Кот сидит на диване!"], ["на фото ёжик"]]


def test_ru_words_ignores_case_marks_and_yo():
    assert presets.ru_words("Ёж, — сказал: «Да»! 5 %") == ["еж", "сказал", "да", "5"]
    assert presets.ru_punct("Ёж, да!") == ["еж", ",", "да", "!"]
    assert presets.fbc2("Ёж, да!") == ["ёж", "да"]


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("Кот (белый) сидит.", "кот -lrb- белый -rrb- сидит"),  # so the toolkit's own tokeniser answers
        ("что-то в 3d, 24/7... да!!! :)", "что-то в 3d 24/7 да !!! :-rrb-"),
        ("«I don't» — т.е. нет", "i do n't т.е нет"),
        (
            "I cannot go to the U.S. today. Mr. Brown, Jr., isn't 5'10\" tall",
            "i can not go to the u.s. today mr. brown jr. is n't 5 10 tall",
        ),
        (
            "They're gonna stop at 3:30 p.m. on Main St. (1,000 people)",
            "they 're gon na stop at 3:30 p.m. on main st. -lrb- 1,000 people -rrb-",
        ),
        ("https://vk.com/a?b=1 и @name", "https://vk.com/a?b=1 и @name"),
    ],
)
def test_coco_tokens(text, tokens):
    assert " ".join(presets.coco(text)) == tokens


@pytest.mark.parametrize("name", list(presets.PRESETS))
def test_every_preset_signs_its_scores(name):
    measured = scoring.measure(HYPOTHESES, REFERENCES, name, every=True)
    assert measured.signature.startswith(f"{name}[")
    assert measured.n == 3
    assert all(np.isfinite(value) for value in measured.scores.values())


def test_stored_tokens_are_scored_as_they_stand():
    odd = unicodedata.normalize("NFD", "ёж й")
    found = scoring.measure([odd], [["ёж й"]], "nltk-seed")
    assert found.scores["bleu1"] == 0
    assert "clean" not in found.signature


def test_coco_scores_each_language_by_its_own_meteor():
    """Expected values: `java -jar meteor-1.5.jar -l en -m "exact stem"`, and `-l ru` of the same kind."""
    english = scoring.measure(["the cats are sitting on a mat"], [["A cat sits on the mats."]], "coco")
    assert "meteor15|en|exact+stem|a:0.85|b:0.2|g:0.6|d:0.75" in english.signature
    assert english.scores["meteor15"] == pytest.approx(0.29139668969767557)
    russian = scoring.measure(["кот сидит"], [["Надпись Stop: кот сидит"]], "coco")
    assert "meteor15|ru|" in russian.signature
    chosen = scoring.measure(["a cat"], [["a cat"]], "fbc2", more=[{"name": "meteor15", "language": "ru"}])
    assert "meteor15|ru|" in chosen.signature
