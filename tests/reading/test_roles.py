"""Names, metadata and watermarks beside the text that a description quotes."""

from __future__ import annotations

import pytest

from memecap.reading.base import Line, Reading
from memecap.reading.engine.roles import METADATA, with_roles

POST = (
    ("Кот Котов", 40, 20),
    ("@kot_kotov", 66, 20),
    ("Читать", 50, 18),
    ("когда сдал сессию", 110, 24),
    ("и можно спать", 140, 24),
    ("14:05 · 24 сен. 2019 г. · Twitter for iPhone", 180, 14),
    ("1,2 тыс. ретвитов", 200, 14),
    ("vk.com/textmeme", 380, 12),
)


def lines(*texts: tuple[str, int, int]) -> list[Line]:
    return [Line(text, (10, top, 200, top + height), 0.9) for text, top, height in texts]


def test_of_a_post_only_its_text_is_text() -> None:
    roles = [line.role for line in with_roles(lines(*POST), 400)]
    assert roles == ["name", "name", "name", "text", "text", "metadata", "metadata", "watermark"]


def test_where_no_name_stands_times_and_buttons_are_text() -> None:
    found = with_roles(lines(("Читать", 10, 20), ("14:05", 40, 20), ("ответить", 80, 20)), 400)
    assert {line.role for line in found} == {"text"}


def test_a_name_below_the_middle_signs_the_picture() -> None:
    text, name = with_roles(lines(("когда сдал сессию", 20, 30), ("@kot_kotov", 380, 12)), 400)
    assert (text.role, name.role) == ("text", "watermark")


def test_the_text_of_a_reading_is_what_is_said() -> None:
    reading = Reading(tuple(with_roles(lines(*POST), 400)), 300, 400, "test 1")
    assert reading.text == "когда сдал сессию и можно спать"
    record = reading.to_json()
    assert [line.get("role") for line in record["lines"]][2:5] == ["name", None, None]
    assert Reading.from_json(record) == reading


@pytest.mark.parametrize(
    "text",
    ["18:04 22 Oct 19", "24 сен. 2019 г.", "Sep 24, 2019", "3,299 Retweets 27K Likes", "2 ч. назад", "Ответить",
     "вчера в 14:05", "1,2 тыс.", "В ответ @kot_kotov"],
)  # fmt: skip
def test_metadata(text: str) -> None:
    assert METADATA.match(text)


@pytest.mark.parametrize(
    "text", ["5 минут до дедлайна", "мая квартира", "24 часа в сутках мало", "я решил ответить честно", "сен-симон"]
)
def test_no_metadata(text: str) -> None:
    assert not METADATA.match(text)
