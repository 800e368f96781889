"""Presets, guards against the field's known mistakes, and numbers that do not move."""

from __future__ import annotations

import sys
import unicodedata

import nltk.translate.bleu_score as nltk_bleu
import pytest

from memecap.errors import DataError, UsageError
from memecap.scoring import presets
from memecap.scoring import score as scoring

HYPOTHESES = ["надпись: «кот и пёс»", "кот сидит на столе.", "на фото Ёж"]
REFERENCES = [['Надпись: "Кот и Пёс"'], ["Кот сидит на диване!"], ["на фото ёжик"]]


def test_a_perfect_caption_has_perfect_scores():
    scores = scoring.measure(["надпись: «кот и пёс»"], [['Надпись: "Кот и пёс"']]).scores
    assert scores["bleu4"] == pytest.approx(100)
    assert scores["chrf2"] == pytest.approx(100)
    assert scores["quoted_recall"] == scores["quoted_precision"] == 1


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


def test_scoring_without_models_does_not_import_torch():
    import subprocess

    told = "import sys; from memecap.scoring import compare, score; score.measure(['а'], [['а']], every=True)"
    subprocess.run([sys.executable, "-c", f"{told}; assert 'torch' not in sys.modules"], check=True)


def test_two_scores_of_one_name_are_refused():
    with pytest.raises(UsageError, match="two metrics give bleu1"):
        scoring.measure(["кот"], [["кот"]], more=[{"name": "bleu"}])
