import pytest

from memecap.quoting import matching
from memecap.reading.base import Line, Reading

READING = Reading(
    (
        Line("КОГДА ТЫ ЧИТАЕШЬ", (0, 0, 100, 10), 0.9),
        Line("МЕМЫ НА РАБОТЕ", (0, 12, 90, 22), 0.7),
        Line("Я", (50, 80, 55, 90), 0.5),
    ),
    100,
    100,
    "test",
)


@pytest.mark.parametrize(
    ("caption", "expected"),
    [
        ('Надпись: "когда ты читаешь мемы на работе".', [("когда ты читаешь мемы на работе", (0, 0, 100, 22), 0.8)]),
        ("Надпись: «мемы на работе».", [("мемы на работе", (0, 12, 90, 22), 0.7)]),
        ("Надпись: “мемы на рaботе”.", [("мемы на рaботе", (0, 12, 90, 22), 0.7)]),
        ('Подпись у кота: "я".', [("я", (50, 80, 55, 90), 0.5)]),
        ('Он говорит: "совсем другое".', [("совсем другое", None, None)]),
        ("Без надписей.", []),
        ('Незакрытая "кавычка', [("кавычка", None, None)]),  # a caption cut off
    ],
)
def test_quotes_go_back_to_their_lines(caption: str, expected: list) -> None:
    found = matching.find(caption, READING)
    assert [(q.text, q.box, q.confidence and round(q.confidence, 6)) for q in found] == expected


def test_without_a_reading_a_quote_has_no_place() -> None:
    (quote,) = matching.find('Надпись: "мем".', None)
    assert (quote.box, quote.confidence) == (None, None)


@pytest.mark.parametrize("odd", ["\u200b", "\u00ad", "\u2060", "\ufeff", "\u200e"])
@pytest.mark.parametrize("caption", ['кот{}"мяу"{} и пёс', "кот: {}'мяу'{}, и пёс", "надпись: «мя{}у{}", "{}„мяу“{}"])
def test_what_nobody_sees_moves_no_quote(caption: str, odd: str) -> None:
    wanted = [quote.text for quote in matching.find(caption.format("", ""), None)]
    assert [quote.text for quote in matching.find(caption.format(odd, odd), None)] == wanted
    assert matching.spoken(f"Мя{odd}у") == "Мяу"
