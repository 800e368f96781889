"""Numbers in digits are found again however Russian says them; a number that is not there is missed."""

from __future__ import annotations

import pytest

from memecap.translation.gate.numerals import lost_number

UNITS = [
    "ноль", "один", "два", "три", "четыре", "пять", "шесть", "семь", "восемь", "девять", "десять", "одиннадцать",
    "двенадцать", "тринадцать", "четырнадцать", "пятнадцать", "шестнадцать", "семнадцать", "восемнадцать",
    "девятнадцать",
]  # fmt: skip
TENS = ["двадцать", "тридцать", "сорок", "пятьдесят", "шестьдесят", "семьдесят", "восемьдесят", "девяносто"]
HUNDREDS = ["сто", "двести", "триста", "четыреста", "пятьсот", "шестьсот", "семьсот", "восемьсот", "девятьсот"]


def spelt(value: int) -> str:
    words = [HUNDREDS[value // 100 - 1]] if value >= 100 else []
    rest = value % 100
    if rest >= 20:
        words.append(TENS[rest // 10 - 2])
        rest %= 10
    if rest or not words:
        words.append(UNITS[rest])
    return " ".join(words)


def test_every_number_below_a_thousand_is_found_in_words() -> None:
    assert [n for n in range(1000) if lost_number(f"it says {n} here", f"там написано {spelt(n)}")] == []


def test_another_number_in_words_does_not_do() -> None:
    pairs = [(n, n + by) for n in range(2, 990) for by in (1, 9) if n % 10]  # «двадцать» begins «двадцать один»
    taken = [(n, other) for n, other in pairs if not lost_number(f"{n} cats", spelt(other))]
    assert taken == []


@pytest.mark.parametrize(
    ("source", "translation", "lost"),
    [
        ("the 1950s", "мода 50-х", False),
        ("the 1950s", "мода 60-х", True),
        ("in the 19th century", "в XIX веке", False),
        ("in the 19th century", "в ХIХ веке", False),  # Cyrillic letters
        ("at 5 pm", "в 17 часов", False),
        ("10,000 people", "10 тысяч человек", False),
        ("10,000 people", "10.000 человек", False),
        ("1 man", "мужчина", False),
        ("room number 1 is", "комната", True),
        ("5000000 views", "5 млн просмотров", False),
    ],
)
def test_ways_of_saying_a_number(source: str, translation: str, lost: bool) -> None:
    assert lost_number(source, translation) is lost
