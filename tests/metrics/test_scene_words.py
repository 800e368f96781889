"""Scene words on cases a person can work out."""

from __future__ import annotations

import math

import pytest

from memecap.metrics.overlap.content_words import Word, scene_words
from memecap.metrics.scene_words import SceneWords, SceneWordsConfig
from tests.metrics.oracles import total


def test_content_words_are_lemmas_outside_quotes():
    found = scene_words('Двое грустных котов смотрели на неё, надпись: "съешь ещё рыбы". 3 ёлки.')
    assert [word.lemma for word in found] == ["двое", "грустный", "кот", "смотреть", "надпись", "3", "елка"]
    assert found[2] == Word("кот", "noun")


def test_words_of_one_lemma_match_whatever_their_form():
    scores = total(SceneWords(), ["кота держит девочка"], [['девочки держат кота и собаку: "да"']])
    assert scores["scene_words_precision"] == 1
    assert scores["scene_words_recall"] == pytest.approx(3 / 4)
    assert scores["scene_words_f1"] == pytest.approx(2 * 3 / 7)


def test_a_rare_word_weighs_more():
    captions = ("кот и рыба", "кот и стол", "кот и дом")
    metric = SceneWords(SceneWordsConfig(captions=captions))
    common, rare = (total(metric, [said], [["кот и рыба"]])["scene_words_recall"] for said in ("кот", "рыба"))
    assert common == 0  # every training caption has it: log(4 / 4)
    assert rare == 1
    unseen = total(metric, ["рыба"], [["рыба и аквариум"]])["scene_words_recall"]
    assert unseen == pytest.approx(math.log(4 / 2) / (math.log(4 / 2) + math.log(4 / 1)))


def test_rows_with_nothing_to_say_do_not_count():
    scores = total(SceneWords(), ["", '"да"'], [["кот"], ['"да"']])
    assert scores == {"scene_words_precision": 0, "scene_words_recall": 0, "scene_words_f1": 0}
    assert total(SceneWords(), ["кот", '"да"'], [["кот"], ['"нет"']])["scene_words_f1"] == 1


def test_the_signature_says_whose_rarity_it_is():
    assert SceneWords().signature.endswith("rarity:none")
    assert SceneWords(SceneWordsConfig(captions=("кот",) * 7)).signature.endswith("rarity:training:7")
