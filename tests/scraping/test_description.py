"""The cleaning rules, each by the texts it changes and the texts it must leave alone."""

import pytest

from memecap.scraping.description import RULES, description_of

CASES = {
    "Просто описание мема.": "Просто описание мема.",
    "текст #мем #смешно@memes": "текст",
    "#мем": "",
    "песня № #1 и C# лучше": "песня № и C# лучше",
    "[club109125816|Фудшеринг] зовёт [id1|Павла]": "Фудшеринг зовёт Павла",
    "[club1:bp-1_2|Мемы], привет": "Мемы, привет",
    "[https://vk.com/wall-1_2|тут] смешно": "тут смешно",
    "сайт (https://a.b/c?d=e&f) есть": "сайт есть",
    "смотри https://vk.cc/abc, там": "смотри там",
    "пишите vk.com/memes": "пишите",
    "надпись «http» и 3/4": "надпись «http» и 3/4",
    "от @durov и почта a@b.ru": "от и почта a@b.ru",
    "раз<br>два<br/>три": "раз\nдва\nтри",
    "раз \r\n\r\n\r\n два": "раз\nдва",
    "мя\u200bг\u00adкий\u00a0знак": "мягкий знак",
    "x < y > z": "x < y > z",
    "кот говорит: &quot;мяу&quot; &amp; &#171;пока&#187; &co": 'кот говорит: "мяу" & «пока» &co',
    "[надпись] сверху [снизу|сбоку]": "[надпись] сверху [снизу|сбоку]",
    "смотри [#alias|смешной мем|https://vk.com/wall-1_2] и [#a|тег|]": "смотри смешной мем и тег",
    "[#alias|слово|vk.com/a?b=1|2] дальше": "слово дальше",
    "[#не ссылка] тут": "[ ссылка] тут",
    "кот\ud83d смешной \ud83d\ude00": "кот\ufffd смешной 😀",
    "нуль\0 и \u202eнаоборот\u202c, и\u0306ога": "нуль и наоборот, йога",
    "": "",
}


@pytest.mark.parametrize("text", CASES)
def test_cases(text: str) -> None:
    assert description_of(text) == CASES[text]


def test_cleaning_twice_is_cleaning_once() -> None:
    for text in CASES:
        assert description_of(description_of(text)) == description_of(text)


def test_the_rules_are_named_and_ordered() -> None:
    assert [rule.__name__ for rule in RULES] == [
        "unify_line_ends", "unescape", "drop_invisible", "unfold_mentions", "drop_links", "drop_hashtags",
        "drop_handles", "tidy",
    ]  # fmt: skip
