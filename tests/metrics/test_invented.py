"""Invented things on cases a person can work out."""

from __future__ import annotations

import pytest

from memecap.errors import MissingFileError
from memecap.metrics.invented import Invented, InventedConfig, groups
from memecap.reading.engine.words import morphology
from tests.metrics.oracles import total


@pytest.mark.parametrize(
    ("caption", "references", "invented"),
    [
        ("Кот лежит на диване.", ["Котик спит на софе."], 0),
        ("Кот лежит на диване.", ["Котик спит."], 1 / 2),
        ("Мужчина с книгой.", ["Человек с книгой."], 0),
        ("Мужчина с книгой.", ["Женщина с книгой."], 1 / 2),
        ("Мужчина с книгой.", ["Женщина.", "Парень с журналом."], 1 / 2),
        ('Надпись: "кот и пёс".', ["Пустая комната."], 0),  # what is quoted is not said of the scene
        ("Кот.", ['Надпись: "кот".'], 1),  # nor seen because it is quoted
        ("Подпись и смысл.", ["Кот."], 0),  # nothing that can be seen is named
        ("Кот и коты, кот.", ["Пёс."], 1),  # a thing counts once
    ],
)
def test_what_no_reference_names_is_invented(caption, references, invented):
    assert total(Invented(), [caption], [references])["invented"] == pytest.approx(invented)


def test_things_are_counted_over_the_corpus():
    scores = total(Invented(), ["кот, дом, река", ""], [["кот"], ["дом"]])
    assert scores == {"invented": pytest.approx(2 / 3), "named_things": pytest.approx(3 / 2)}


def test_a_file_of_synonyms_joins_the_list(tmp_path):
    more = tmp_path / "more.txt"
    more.write_text("# our own\nшуруповёрт дрель\nкотэ, кот\n", encoding="utf-8")
    metric = Invented(InventedConfig(synonyms=more))
    assert total(metric, ["дрель, котэ"], [["шуруповерт и кот"]])["invented"] == 0
    assert total(Invented(), ["дрель"], [["кот"]])["named_things"] == 0
    assert metric.signature != Invented().signature


def test_a_missing_file_of_synonyms_is_said(tmp_path):
    with pytest.raises(MissingFileError):
        Invented(InventedConfig(synonyms=tmp_path / "none.txt"))


def test_the_list_holds_what_its_own_words_become():
    """A word whose likeliest lemma is another would never be found in a caption."""
    for word in groups():
        found = {parse.normal_form.replace("ё", "е") for parse in morphology().parse(word)}
        assert word in found or word in _AS_PYMORPHY_SAYS, word


_AS_PYMORPHY_SAYS = {"майк"}
