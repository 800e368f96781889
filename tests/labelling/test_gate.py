"""Each rule of the gate on captions that break it, and on good ones that nearly do."""

from __future__ import annotations

import pytest

from memecap.labelling.gate import REASONS, Gate
from memecap.reading.base import Line, Reading


def reading(*lines: str, confidence: float = 0.9) -> Reading:
    boxes = ((0, 20 * i, 100, 20 * i + 18) for i in range(len(lines)))
    return Reading(tuple(Line(t, box, confidence) for t, box in zip(lines, boxes, strict=True)), 400, 400, "test")


READ = reading("КОГДА СДАЛ СЕССИЮ", "и пришёл домой")
GOOD = [
    ('Кот лежит на диване. Надпись: "когда сдал сессию и пришёл домой".', READ),
    ("Кот лежит. Сверху: «КОГДА СДАЛ СЕССИЮ», снизу: «И ПРИШЕЛ ДОМОЙ».", READ),
    ('Надпись: "Когда здал сессию и пришел домой"', READ),  # one of them spells it wrongly
    ("Мужчина в синей куртке держит собаку.", None),
    ("Мужчина в синей куртке держит собаку.", reading()),
    ("На скриншоте код на Python и логотип GitHub, человек смеётся над ними.", None),
    ('Мем на английском: "такая вот жизнь"', reading("SUCH IS LIFE MY FRIEND")),  # a teacher translates
    ("Кот смотрит.", reading("КОГДА СДАЛ СЕССИЮ ОПЯТЬ", confidence=0.3)),  # not surely read
    ("Кот смотрит.", reading("ДА НЕТ")),  # too little was read to judge by
    ('Кот говорит: "да, да, нет".', None),
]
BAD = [
    ("", None, True, "empty"),
    ("…!", None, True, "empty"),
    ("Извините, я не могу описать людей на фотографии.", None, True, "refused"),
    ("I'm sorry, but I can't help with that.", None, True, "refused"),
    ("Кот лежит на диване и", None, False, "unfinished"),
    ("кот и кот и кот и кот и кот и кот и кот и кот и", None, True, "loop"),
    ('A cat lies on a sofa. The text says: "когда сдал сессию и пришёл домой"', READ, True, "not Russian"),
    ("Кіт лежить на дивані, що це таке", None, True, "not Russian"),
    ("Кот лежит на диване.", READ, True, "quotes too little"),
    ('Кот. Надпись: "сессия кончилась"', READ, True, "quotes too little"),
    ("Кот, когда сдал сессию и пришёл домой.", READ, True, "quotes too little"),  # said, not quoted
    ('Кот: "когда когда когда когда когда".', READ, True, "quotes too little"),  # a meme may repeat itself
]


@pytest.mark.parametrize(("text", "read"), GOOD)
def test_good_captions_pass(text: str, read: Reading | None) -> None:
    assert Gate().reject(text, read) == ""


@pytest.mark.parametrize(("text", "read", "finished", "reason"), BAD)
def test_bad_captions_are_named(text: str, read: Reading | None, finished: bool, reason: str) -> None:
    assert reason in REASONS
    assert Gate().reject(text, read, finished=finished) == reason


def test_a_word_read_twice_must_be_quoted_twice() -> None:
    twice = reading("РАЗ ДВА ТРИ", "РАЗ ДВА ТРИ")
    assert Gate(min_quoted=0.6).reject('Надпись: "раз два три".', twice) == "quotes too little"
    assert not Gate(min_quoted=0.6).reject('Надпись: "раз два три". Ниже: "раз, два, три".', twice)


def test_thresholds_are_the_caller_s() -> None:
    assert not Gate(min_quoted=0).reject("Кот лежит на диване.", READ)
    assert not Gate(min_read=9).reject("Кот лежит на диване.", READ)
