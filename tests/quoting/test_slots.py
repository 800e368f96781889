"""Quotes become slots of the lines that were read, and slots become quotes again."""

from __future__ import annotations

import pytest

from memecap.quoting.slots import UNREAD, USER, to_caption, to_pieces
from memecap.reading.base import Line, Reading
from memecap.text.quotes import quotes


def reading(*texts: str) -> Reading:
    lines = tuple(Line(text, (10, 40 * i, 300, 40 * i + 30), 0.9) for i, text in enumerate(texts))
    return Reading(lines, 400, 400, "test")


@pytest.mark.parametrize(
    ("caption", "lines", "pieces"),
    [
        ('подпись: "когда пришёл домой".', ["КОГДА ПРИШЕЛ", "ДОМОЙ"], ["подпись: ", 0, 1, "."]),
        ('сверху: "да". снизу: «нет».', ["нет", "да"], ["сверху: ", 1, ". снизу: ", 0, "."]),
        ('надпись: "новый год".', ["Новый тод"], ["надпись: ", 0, "."]),  # a letter misread
        ('надпись: "новый год".', ["совсем другое"], ["надпись: ", UNREAD, "."]),
        ('надпись: "новый год".', [], ["надпись: ", UNREAD, "."]),
        ("Кот спит.", ["реклама"], ["кот спит."]),
        ('на кадре: "раз два три четыре".', ["раз два", "три четыре"], ["на кадре: ", 0, 1, "."]),
    ],
)
def test_quotes_become_slots(caption: str, lines: list[str], pieces: list[object]) -> None:
    assert [piece for piece in to_pieces(caption, reading(*lines)) if piece != ""] == pieces


def test_a_line_is_given_to_one_quote_only() -> None:
    pieces = to_pieces('слева: "привет". справа: "привет".', reading("Привет"))
    assert pieces.count(0) == 1 and pieces.count(UNREAD) == 1


def test_the_author_of_a_tweet_has_a_slot_of_its_own() -> None:
    tweet = reading("Имя @some_user", "сегодня хороший день")
    pieces = to_pieces('твит пользователя some_user: "сегодня хороший день".', tweet)
    assert pieces[:2] == ["твит пользователя ", USER] and 1 in pieces
    text, _ = to_caption(pieces, tweet)
    assert text == 'Твит пользователя some_user: "сегодня хороший день".'


def test_captions_have_balanced_quotes_with_boxes() -> None:
    seen = reading('Он сказал "да"', "И УШЁЛ")
    text, found = to_caption(["надпись:", 0, 1, ". ниже фото"], seen)
    assert text == "Надпись: \"Он сказал 'да' и ушёл\". Ниже фото"
    assert quotes(text) == [found[0].text]
    assert found[0].box == (10, 0, 300, 70) and found[0].confidence == pytest.approx(0.9)


def test_slots_without_a_line_leave_no_quote() -> None:
    assert to_caption(["надпись:", 5, UNREAD, USER, "."], reading("одна")) == ("Надпись:.", ())
    assert to_caption([], None) == ("", ())


def test_what_is_quoted_comes_back() -> None:
    caption = 'Подпись сверху: "всё будет хорошо". Ниже фото кота. Подпись снизу: "но это не точно".'
    seen = reading("всё будет", "хорошо", "но это не точно")
    assert to_caption(to_pieces(caption, seen), seen)[0] == caption
