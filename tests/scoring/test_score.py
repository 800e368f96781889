"""Presets, guards against the field's known mistakes, and numbers that do not move."""

from __future__ import annotations

import unicodedata

import nltk.translate.bleu_score as nltk_bleu
import numpy as np
import pytest

from memecap.errors import DataError, UsageError
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


def test_a_perfect_caption_has_perfect_scores():
    scores = scoring.measure(["надпись: «кот и пёс»"], [['Надпись: "Кот и пёс"']]).scores
    assert scores["bleu4"] == pytest.approx(100)
    assert scores["chrf2"] == pytest.approx(100)
    assert scores["quoted_recall"] == scores["quoted_precision"] == 1


@pytest.mark.parametrize("name", list(presets.PRESETS))
def test_every_preset_signs_its_scores(name):
    measured = scoring.measure(HYPOTHESES, REFERENCES, name, every=True)
    assert measured.signature.startswith(f"{name}[")
    assert measured.n == 3
    assert all(np.isfinite(value) for value in measured.scores.values())


def test_every_score_has_a_name_of_its_own():
    for preset in presets.PRESETS.values():
        metrics = scoring.measure(HYPOTHESES, REFERENCES, preset.name, every=True).metrics
        names = [len(scoring.scores_of([m], [m.statistics(["а"], [["а"]])])) for m in metrics]
        assert sum(names) == len(scoring.measure(HYPOTHESES, REFERENCES, preset.name, every=True).scores)


def test_nltk_seed_is_corpus_bleu_on_stored_tokens():
    """The ancestor's layout: tokens joined by spaces. Its own file is not at hand; nltk is the oracle."""
    hypotheses = ["на фото кот и <unk> кот сидит на столе", "надпись сверху когда ты кот"]
    references = [["на фото кот и пёс сидит на столе"], ["<start> надпись сверху когда ты пёс"]]
    scores = scoring.measure(hypotheses, references, "nltk-seed").scores
    tokens = [[r.split() for r in row] for row in references], [h.split() for h in hypotheses]
    for n in range(1, 5):
        theirs = nltk_bleu.corpus_bleu(*tokens, weights=[1 / n] * n)
        assert scores[f"bleu{n}"] == pytest.approx(theirs, abs=1e-9)


def test_mistake_special_tokens_in_references_are_refused(capsys):
    hypotheses, references = ["<start> кот <unk>", "пёс"], [["<start> кот <unk>"], ["пёс"]]
    with pytest.raises(DataError, match="<start>") as caught:
        scoring.measure(hypotheses, references)
    assert caught.value.where == "row 1"
    scoring.measure(hypotheses, references, "nltk-seed")
    assert "they raise every score" in capsys.readouterr().err


def test_mistake_swapped_arguments_are_refused():
    with pytest.raises(DataError, match="a caption is a list"):
        scoring.measure(REFERENCES, HYPOTHESES)  # type: ignore[arg-type]


def test_mistake_first_tokens_only_is_refused():
    """A flat text where a list of texts belongs was read letter by letter, or token by token."""
    with pytest.raises(DataError, match="not a list of texts"):
        scoring.measure(HYPOTHESES, ["кот", "пёс", "ёж"])
    with pytest.raises(DataError, match="a caption is a list"):
        scoring.measure([["кот", "сидит"]], [[["кот", "сидит"]]])  # type: ignore[list-item]


def test_rows_must_pair_up():
    with pytest.raises(DataError, match="3 captions but references for 2"):
        scoring.measure(HYPOTHESES, REFERENCES[:2])
    with pytest.raises(DataError, match="nothing to score"):
        scoring.measure([], [])
    with pytest.raises(DataError):
        scoring.measure(["кот"], [[]])
    with pytest.raises(UsageError, match="no preset"):
        scoring.measure(HYPOTHESES, REFERENCES, "ru-word")


def test_rows_score_alone_as_they_would_in_a_corpus_of_one():
    rows = scoring.row_scores(scoring.measure(HYPOTHESES, REFERENCES))
    alone = scoring.measure(HYPOTHESES[1:2], REFERENCES[1:2]).scores
    assert rows["chrf2"][1] == pytest.approx(alone["chrf2"])
    assert rows["quoted_recall"][0] == 1


ODD = [
    lambda text: unicodedata.normalize("NFD", text),
    lambda text: text.replace("о", "о\u00ad").replace("а", "\u200bа"),
    lambda text: text.replace(" ", "\u00a0"),
    lambda text: "\u202a" + text.replace("с", "с\u2060") + "\u202c\ufeff",
]


@pytest.mark.parametrize("name", ["ru-words", "ru-punct", "coco", "fbc2"])
@pytest.mark.parametrize("odd", ODD)
def test_what_nobody_sees_costs_nothing(name, odd):
    """The same text in another form of Unicode, or with characters that show nothing, has the same scores."""
    texts = ["Чёрный йод: «кот и ещё кот», а снизу двойной хвост."] * 3
    plain = scoring.measure(texts, [[text] for text in texts], name, every=True)
    for one, two in ((odd, str), (str, odd)):
        found = scoring.measure([one(text) for text in texts], [[two(text)] for text in texts], name, every=True)
        assert found.scores == plain.scores
    assert plain.signature.startswith(f"{name}[clean|")


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
