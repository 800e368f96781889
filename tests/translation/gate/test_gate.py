"""The gate's verdict stands beside each pair."""

from __future__ import annotations

from pathlib import Path

import pytest

from memecap.translation.gate.gate import REASONS, Gate
from tests.translation.neighbours import BULGARIAN, UKRAINIAN

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
    ("", "20 people at a table", "двадцать человек за столом"),
    ("", "20-year-old woman", "двадцатилетняя женщина"),
    ("", "a 35 mm camera", "тридцатипятимиллиметровая камера"),
    ("", "100 balloons", "сто шаров"),
    ("", "200 runners and 45 bikes", "двести бегунов и сорок пять велосипедов"),
    ("", "photographed in 1961", "снято в тысяча девятьсот шестьдесят первом году"),
    ("", "a car of the 1950s", "автомобиль 50-х"),
    ("", "a car of the 1950s", "автомобиль пятидесятых годов"),
    ("", "80's hair", "причёска 1980-х"),
    ("", "hair of the '70s", "причёска семидесятых"),
    ("", "an 1800's house", "дом девятнадцатого века"),
    ("", "19th century house", "дом XIX века"),
    ("", "19th century house", "дом ХIХ века"),  # with Cyrillic letters
    ("", "10,000 fans", "десять тысяч болельщиков"),
    ("", "10,000 fans", "10 тыс. болельщиков"),
    ("", "10,000 fans", "10\u00a0000 болельщиков"),
    ("", "at 5 pm", "в 17 часов"),
    ("", "at 9:00", "в 9 часов"),
    ("", "a bag for $10.00", "сумка за 10 долларов"),
    ("", "1,000,000 fans", "миллион болельщиков"),
    ("", "1 man and 2 dogs", "Мужчина и две собаки"),
    ("lost number", "player number 1 runs", "игрок бежит"),
    ("lost number", "9" * 5000 + " cats", "кошки сидят рядом, " + "а" * 5000),
    ("", "in 2012 100 people", "в 2012 году сто человек"),
    ("lost number", "20 people at a table", "люди за столом"),
    ("lost number", "20 people at a table", "двенадцать человек за столом"),
    ("lost number", "2 dogs at a door", "собаки у двери во дворе"),
    ("lost number", "5 dogs at a wall", "собаки у стены с пятном"),
    ("lost number", "7 people at home", "семья дома"),
    ("lost number", "a car of the 1950s", "автомобиль шестидесятых годов"),
    ("lost number", "19th century house", "дом XVIII века"),
    ("lost number", "10,000 fans", "тысячи болельщиков"),
    ("", "A sign with “що це”.", "Знак с надписью «що це»."),
    ("", "Children on a bench near a house.", "Ребята на скамейке около дома."),
    ("", "That's life, she says.", "Се ля ви, говорит она."),
    ("", "d'Artagnan with a sword", "Д'Артаньян со шпагой"),
    ("", "summer", "лето"),
    ("not Russian", "A dog runs across the grass.", "Собака біжить по траві."),
    ("not Russian", "A dog runs across the grass.", "Кучето тича по тревата."),
    ("not Russian", "A bird flies over the sea.", "Птица лети над морето."),
    ("not Russian", "A dog runs across the grass.", "Пас трчи по трави поред љубичице."),
    ("lost quote", 'A sign that says "Stop".', "Знак с надписью стоп."),
    ("lost quote", "A sign that says `` Stop '' .", "Знак с надписью стоп."),
]


@pytest.mark.parametrize(("reason", "source", "translation"), VERDICTS)
def test_verdicts(reason: str, source: str, translation: str) -> None:
    assert Gate().reject(source, translation) == reason


def test_every_reason_is_tried() -> None:
    assert {reason for reason, _, _ in VERDICTS} - {""} == set(REASONS)


@pytest.mark.parametrize(("language", "found"), [(UKRAINIAN, 48), (BULGARIAN, 47)], ids=["Ukrainian", "Bulgarian"])
def test_neighbouring_languages_are_refused(language: list[str], found: int) -> None:
    assert len(set(language)) == 50
    assert sum(Gate().reject(text, text) == "not Russian" for text in language) >= found


def test_real_russian_captions_are_not_taken_for_another_language(shared_data: Path) -> None:
    lines = (shared_data / "flickr30k" / "captions_ru_google.tsv").read_text(encoding="utf-8").splitlines()[1:]
    texts = [line.split("\t", 1)[1] for line in lines]
    for name in ("train", "val"):
        lines = (shared_data / "memes" / f"{name}.csv").read_text(encoding="utf-8").splitlines()[1:]
        texts += [line.split("\t", 1)[1] for line in lines]
    refused = [text for text in texts if Gate().reject(text, text) == "not Russian"]
    assert len(texts) > 50_000 and len(refused) <= 2  # «Два солдата стоят с детьми» is one
