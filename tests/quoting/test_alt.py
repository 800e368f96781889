"""Alt text: whole sentences, « » around what was read, doubt said, nothing invented; checked by rules of its own."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memecap.quoting import alt
from memecap.reading.base import Line, Reading

WORDS = [
    "кот",
    "ДОМ",
    "Я",
    "работа,",
    "@имя",
    "«мем»",
    '"да"',
    "what",
    "USA",
    "ну…",
    "12:30",
    "2 000",
    "#тег",
    "!!!",
    "🙂🙂",
]


def line(text: str, top: int, *, left: int = 20, sure: float = 0.95, height: int = 30, language: str = "ru") -> Line:
    return Line(text, (left, top, left + 14 * max(1, len(text)), top + height), sure, language)


def reading(*lines: Line, width: int = 600, tall: int = 600) -> Reading:
    return Reading(lines, width, tall, "test")


def said(*lines: Line, **size: int) -> str:
    return alt.describe(reading(*lines, **size))[0]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([line("КОГДА ПОНЕДЕЛЬНИК", 10), line("УЖЕ ЗАВТРА.", 45)], "Надпись: «Когда понедельник уже завтра»."),
        ([line("Мама: где ты был", 10), line("Я: гулял", 45)], "Надпись: «Мама: где ты был. Я: гулял»."),
        ([line("утро понедельника было", 10, left=130), line("вечер пятницы был", 540, left=180)],
         "Надпись сверху: «Утро понедельника было». Снизу: «Вечер пятницы был»."),
        ([line("первый кадр", 10), line("второй кадр", 10, left=400)],
         "Надпись слева: «Первый кадр». Справа: «Второй кадр»."),
        ([line("он сказал «нет уж» и ушёл", 10)], "Надпись: «Он сказал „нет уж“ и ушёл»."),
        ([line('что "делать".', 10)], "Надпись: «Что „делать“»."),
        ([line("да ладно)))", 10)], "Надпись: «Да ладно»."),
        ([line("Я ЛЮБЛЮ РОССИЮ И США", 10)], "Надпись: «Я люблю Россию и США»."),
        ([line("оставайтесь дома", 10), line("не мешайте нам", 12, left=280)],
         "Надпись: «Оставайтесь дома не мешайте нам»."),
        ([line("6 конце добавить 6 яиц и 8 марта", 10)], "Надпись: «В конце добавить 6 яиц и 8 марта»."),
        ([line("Я ДО ПОХОДА", 10), line("К ПСИХОТЕРАПЕВТУ:", 45)], "Надпись: «Я до похода к психотерапевту:»."),
        ([line("Тебя отчислили? 11:56", 10), line("Почему? 11:57", 60)], "Надпись: «Тебя отчислили? Почему?»."),
        ([line("по определению А.М. Пешковского", 10)], "Надпись: «По определению А.М. Пешковского»."),
        ([line("when it is monday", 10, language="en")], "Надпись на английском: «When it is monday»."),
        ([line("тайм-", 10), line("менеджмент всем", 45)], "Надпись: «Тайм-менеджмент всем»."),
        ([line("днём: выгорания их", 10, sure=0.3)], "Надпись, неразборчиво: «Днём: выгорания их»."),
        ([line("сядьте на диету", 10), line("щепоть корицы тут", 45, sure=0.35), line("и спите", 80)],
         "Надпись: «Сядьте на диету (неразборчиво: щепоть корицы тут) и спите»."),
        ([line("зжжщ ъыф щзщ", 10, sure=0.12)], "Текст прочитать не удалось."),
        ([], "Текста на картинке не найдено."),
    ],
)  # fmt: skip
def test_what_is_heard(lines: list[Line], expected: str) -> None:
    assert said(*lines) == expected


def test_a_tweet_is_who_and_what() -> None:
    lines = [
        line("Винтерфелл", 20),
        line("@severus", 55),
        line("Каждый раз одно и то же.", 140),
        line("@masha", 240),
        line("Это правда.", 290),
        line("14:05 · 24 сен. 2019 г. · Twitter for Android", 420),
        line("1 024 ретвита 5 тыс. отметок нравится", 470),
        line("Translate Tweet", 520),
    ]
    assert said(*lines) == (
        "Твит пользователя severus: «Каждый раз одно и то же». Пользователь masha: «Это правда»."
    )  # fmt: skip


def test_much_that_was_not_read_is_owned_up_to() -> None:
    text = said(line("начало текста", 10), line("щзщ ъыф выаф щзжщ", 300, sure=0.15))
    assert text == "Надпись: «Начало текста». Часть текста прочитать не удалось."


@pytest.mark.parametrize(
    ("caption", "expected"),
    [
        ('на фото кот. подпись: "днём сплю".', "На фото кот. Подпись: «Днём сплю»."),
        ('кот и надпись: "чего нет на картинке"', "Кот и надпись: «Чего нет на картинке» (неразборчиво)."),
        ("на первом кадре кот", "На первом кадре кот."),
        (
            'на первом кадре: "днём сплю". на втором: "ночью ем".',
            "На первом кадре: «Днём сплю». На втором: «Ночью ем».",
        ),
        ('надпись: "днём сплю.".', "Надпись: «Днём сплю»."),
    ],
)  # fmt: skip
def test_what_others_describe(caption: str, expected: str) -> None:
    told, quotes = alt.retell(caption, reading(line("ДНЁМ СПЛЮ", 10), line("ночью ем", 300)))
    assert told == expected
    assert all(f"«{quote.text}»" in told for quote in quotes)


LINES = st.lists(
    st.builds(
        lambda words, top, left, sure: line(" ".join(words), top, left=left, sure=sure),
        st.lists(st.sampled_from(WORDS), min_size=1, max_size=6),
        st.integers(0, 560),
        st.sampled_from([0, 20, 300]),
        st.sampled_from([0.05, 0.3, 0.6, 0.95]),
    ),
    max_size=8,
)


def _letters(text: str) -> str:
    return "".join(sign for sign in text.casefold() if sign.isalpha())


@settings(max_examples=150, deadline=None)
@given(LINES)
def test_it_can_be_spoken_and_says_nothing_new(lines: list[Line]) -> None:
    text, quotes = alt.describe(reading(*lines))
    assert text[0].isupper()
    assert text.endswith(".")
    assert not re.search(r'\.\.|\.»\.|["*#|@_]|!!|\s{2}', text)
    depth = 0  # « » in pairs, and not inside each other
    for sign in text:
        depth += (sign == "«") - (sign == "»")
        assert depth in (0, 1)
    assert depth == 0
    there = [_letters(each.text) for each in lines]
    for quote in quotes:
        assert f"«{quote.text}»" in text
        words = re.findall(r"[^\W\d_]+", quote.text.replace("неразборчиво", "").replace("Неразборчиво", ""))
        assert all(any(word.casefold() in read for read in there) for word in words)
    for each in lines:  # what is hardly ever right is not said
        if each.confidence < 0.1 and not any(other.text == each.text for other in lines if other.confidence > 0.1):
            assert not re.search(rf"«{re.escape(each.text)}»", text, re.IGNORECASE)


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet='абв АБ."«»„“,:!?…()*@#\n', max_size=60), LINES)
def test_any_caption_becomes_sentences(caption: str, lines: list[Line]) -> None:
    text, quotes = alt.retell(caption, reading(*lines))
    assert text.endswith((".", "!", "?", "…"))
    assert not re.search(r'\.\.|["*#|@]', text)
    assert all(quote.text in text for quote in quotes)
    assert text.count("«") == text.count("»")
