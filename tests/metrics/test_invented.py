"""Invented things on cases a person can work out."""

from __future__ import annotations

import pytest

from memecap.errors import MissingFileError
from memecap.metrics.invented import Invented, InventedConfig
from memecap.metrics.overlap.things import groups_of
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
    more.write_text("# our own\nкрейцмейсель штихель\nкотэ, кот\n", encoding="utf-8")
    metric = Invented(InventedConfig(synonyms=more))
    assert total(metric, ["штихель, котэ"], [["крейцмейсель и кот"]])["invented"] == 0
    assert total(Invented(), ["штихель"], [["кот"]])["named_things"] == 0
    assert metric.signature != Invented().signature


def test_a_missing_file_of_synonyms_is_said(tmp_path):
    with pytest.raises(MissingFileError):
        Invented(InventedConfig(synonyms=tmp_path / "none.txt"))


def test_what_stands_before_a_colon_may_stand_for_each_word_behind_it(tmp_path):
    more = tmp_path / "more.txt"
    more.write_text("утварь: дрель ухват\n- диван\n", encoding="utf-8")
    metric = Invented(InventedConfig(synonyms=more))
    assert total(metric, ["ухват"], [["утварь"]])["invented"] == 0
    assert total(metric, ["утварь"], [["дрель"]])["invented"] == 0
    assert total(metric, ["ухват"], [["дрель"]])["invented"] == 1
    assert total(metric, ["диван"], [["кот"]])["named_things"] == 0


@pytest.mark.parametrize(
    ("caption", "references", "invented"),
    [
        ("Сварщик.", ["Мужчина."], 0),  # a trade is done by men and women
        ("Сварщик.", ["Электрик."], 1),
        ("Балерина.", ["Мужчина."], 1),
        ("Мужчина.", ["Пётр Петрович."], 0),  # a name is a person's
        ("Девушка.", ["Молодой человек."], 1),
        ("Шкафчик.", ["Шкаф."], 0),
        ("Улыбка.", ["Кот улыбается."], 0),
        ("Птица.", ["Птица."], 0),
        ("Мем на русском языке.", ["Кот."], 0),
        ("Они смотрят друг на друга.", ["Кот."], 0),
        ("Твит пользователя Иван Диван.", ["Кот."], 0),  # a name is no thing
        ("Робот-пылесос.", ["Пылесос."], 1 / 2),
    ],
)
def test_who_and_what_a_word_may_stand_for(caption, references, invented):
    assert total(Invented(), [caption], [references])["invented"] == pytest.approx(invented)


def test_the_list_holds_what_its_own_words_become():
    """A word that is no lemma would never be found in a caption."""
    for word in groups_of():
        found = {parse.normal_form.replace("ё", "е") for parse in morphology().parse(word.removeprefix("@"))}
        assert word in found or word.startswith("@"), word
