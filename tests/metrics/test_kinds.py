"""What a scene tells of its picture, on sentences as people write them."""

from __future__ import annotations

import pytest

from memecap.metrics.kinds import Kinds, media, panels, places
from tests.metrics.oracles import total


@pytest.mark.parametrize(
    ("scene", "found"),
    [
        ("скриншот твита пользователя ник", {"screenshot", "tweet"}),
        ("на фото мужчина с фотоаппаратом", {"photograph"}),
        ("нарисованный кот", {"drawing"}),
        ("кадр из мультфильма", {"drawing"}),
        ("комикс из четырех кадров", {"comic"}),
        ("переписка в мессенджере", {"chat"}),
        ("фотограф снимает кота", set()),
        ("мем из двух кадров с простой рисовкой", {"drawing"}),
        ("рисовая каша", set()),
        ("фотография кота", {"photograph"}),
        ("кот лежит", set()),
        ("рисованный комикс", {"comic"}),
        ("селфи, снимок", {"photograph"}),
        ("старинная картина", {"drawing"}),
    ],
)
def test_the_medium_of_a_scene(scene, found):
    assert media(scene) == found


@pytest.mark.parametrize(
    ("scene", "found"),
    [
        ("на первом кадре кот. на втором кадре пес. на третьем — рыба", {"3"}),
        ("комикс из четырех кадров", {"4"}),
        ("на первом фото кот, на втором фото пес", {"2"}),
        ("3 картинки", {"3"}),
        ("на первом плане кот", set()),
        ("кадр 1: кот, кадр 2: пес", {"2"}),
        ("на картинке один кот", set()),
        ("на первой картинке кот, на второй пес", {"2"}),
        ("комикс из четырех картинок", {"4"}),
        ("ниже двадцать фото", {"20"}),
        ("две девушки фотографируются", set()),
        ("на первом фото кот. на следующем фото пес", {"2"}),
    ],
)
def test_the_panels_of_a_scene(scene, found):
    assert panels(scene) == found


@pytest.mark.parametrize(
    ("scene", "found"),
    [
        ("текст сверху. кот лежит слева", {"above"}),
        ("надпись внизу", {"below"}),
        ("слева кот, справа надпись", {"right"}),
        ("верхняя надпись, подпись снизу", {"above", "below"}),
        ("кот сидит сверху", set()),
        ("подпись: . ниже фото белого кота", {"above"}),
        ("текст: . на фото ниже кот", {"above"}),
        ("под снимком подпись", {"below"}),
        ("в левой части надпись", {"left"}),
        ("внизу титр", {"below"}),
        ("ниже изображения комментарий", {"below"}),
        ("серый кот. подпись сверху, справа и снизу: .", {"above", "right", "below"}),
    ],
)
def test_the_place_of_text_in_a_scene(scene, found):
    assert places(scene) == found


def test_silence_and_naming_everything_are_both_wrong():
    references = [["Скриншот твита."]] * 4
    said = ["Скриншот.", "Твит.", "Кот.", "Скриншот, твит, фото, комикс."]
    scores = total(Kinds(), said, references)
    assert scores["kind_medium"] == 2 / 4
    assert scores["kinds"] == 2 / 4


def test_rows_whose_reference_tells_nothing_do_not_count():
    scores = total(Kinds(), ["Фото кота.", "Рисунок."], [["Кот."], ["Рисунок кота, надпись сверху."]])
    assert (scores["kind_medium"], scores["kind_place"], scores["kinds"]) == (1, 0, 1 / 2)


def test_quotes_tell_nothing():
    assert total(Kinds(), ['"фото"'], [["Фото."]])["kind_medium"] == 0
