"""The gate's verdict stands beside each pair."""

from __future__ import annotations

import pytest

from memecap.translation._gate import REASONS, Gate

VERDICTS = [
    ("", "A dog runs across the grass.", "Собака бежит по траве."),
    ("", "Two young guys with shaggy hair.", "Двое парней с лохматыми волосами."),
    ("", "", ""),
    ("", "a cat", "кот"),
    ("", "3 dogs in a row", "Три собаки в ряд"),
    ("", "in the 2nd frame", "на втором кадре"),
    ("", "1,000 runners", "1 000 бегунов"),
    ("", 'a sign saying "Stop now please my friend"', "знак с надписью «Stop now please my friend»"),
    ("", "He works at Google Cloud Platform.", "Он работает в Google Cloud Platform."),
    ("", "no no no no he says", "нет нет нет нет, говорит он"),
    ("", 'a 5" pipe', "пятидюймовая труба"),
    ("empty", "A dog runs.", ""),
    ("empty", "A dog runs.", " … "),
    ("short", "A man in a blue shirt is standing on a ladder cleaning a window.", "Мужчина."),
    ("long", "A dog runs.", "Собака " + "бежит по траве " * 4),
    ("not Cyrillic", "A dog runs across the grass.", "A dog runs across the grass."),
    (
        "copied",
        "A man reads the very best book ever written today in the library hall.",
        "Человек читает the very best book ever written сегодня вечером, сидя в библиотеке на старом стуле.",
    ),
    ("loop", "A dog runs across the grass near me.", "Собака бежит бежит бежит по траве."),
    ("loop", "A dog runs across the grass near me today.", "на траве, на траве, на траве собака"),
    ("lost number", "A bus with the number 25 on it.", "Автобус с номером на нём."),
    ("lost number", "4 dogs and 12 cats", "Четыре собаки и кошки"),
    ("lost quote", 'A sign that says "Stop".', "Знак с надписью стоп."),
    ("lost quote", "A sign that says `` Stop '' .", "Знак с надписью стоп."),
]


@pytest.mark.parametrize(("reason", "source", "translation"), VERDICTS)
def test_verdicts(reason: str, source: str, translation: str) -> None:
    assert Gate().reject(source, translation) == reason


def test_every_reason_is_tried() -> None:
    assert {reason for reason, _, _ in VERDICTS} - {""} == set(REASONS)
