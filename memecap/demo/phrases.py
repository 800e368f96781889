"""What is written on painted memes: Russian lines from a phrase grammar, in two halves that share no line.

The half is a function of the line's hash: the shipped checkpoints learnt from `school` lines only, and the memes of the
demo carry `wall` lines only, so no text that is evaluated was ever seen by anything that was trained.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable
from typing import Literal

Half = Literal["school", "wall"]


def _words(listed: str) -> tuple[str, ...]:
    return tuple(listed.split(", "))


_WHO = _words(
    "кот, начальник, сосед, дедушка, бабушка, студент, программист, дизайнер, голубь, психолог, преподаватель, хомяк, "
    "кондуктор, сантехник, бухгалтер, директор, повар, водитель, охранник, бариста"
)
_DOES = _words(
    "ест, ищет, прячет, продаёт, рисует, обсуждает, обнимает, моет, считает, читает, теряет, покупает, хвалит, ругает, "
    "фотографирует, охраняет"
)
_WHAT = _words(
    "пельмени, тапки, отчёт, пирожок, гречку, кактус, диплом, чайник, телефон, зарплату, огурцы, велосипед, свитер, "
    "подушку, котлету, квартиру, смысл жизни, старый диван, чужой зонт, новый мем"
)
_WHEN = _words(
    "в понедельник, рано утром, ночью, после обеда, перед экзаменом, в пятницу, на работе, без причины, по привычке, "
    "зимой, в отпуске, на даче, за десять минут, вместо ужина, раз в году, всю неделю"
)
_OPENING = _words("когда, почему, опять, говорят, сегодня, кажется, тем временем, если")
_REACTION = _words(
    "молчит, плачет от счастья, делает вид что спит, просит добавки, пишет жалобу, смотрит с уважением, "
    "ничего не знает, всё понимает, хочет домой, требует премию, вызывает такси, тихо завидует"
)
_NAMES = _words("Пётр, Анна, Иван, Ольга, Семён, Вера, Фёдор, Зоя, Глеб, Нина")
_SURNAMES = _words("Котлета, Тапок, Пельмень, Огурец, Печенько, Диван, Понедельник, Кактус, Чайник, Борщ")


def half_of(text: str) -> Half:
    """Which half a line or a scene belongs to: the first bit of its SHA-256."""
    return "school" if hashlib.sha256(text.encode()).digest()[0] < 128 else "wall"


def opening(rng: random.Random, half: Half) -> str:
    """A first line: «когда кот прячет тапки перед экзаменом»."""
    return _draw(half, lambda: f"{rng.choice(_OPENING)} {_clause(rng)}")


def answer(rng: random.Random, half: Half) -> str:
    """A short second line: «а бухгалтер тихо завидует по привычке»."""
    return _draw(half, lambda: f"а {rng.choice(_WHO)} {rng.choice(_REACTION)} {rng.choice(_WHEN)}")


def title(rng: random.Random, half: Half) -> str:
    """Two or three words for a demotivator: «дедушка ругает гречку»."""
    return _draw(half, lambda: f"{rng.choice(_WHO)} {rng.choice(_DOES)} {rng.choice(_WHAT)}")


def author(rng: random.Random) -> str:
    """The name over a tweet; names may repeat between the halves, as real ones do."""
    return f"{rng.choice(_NAMES)} {rng.choice(_SURNAMES)}"


def _clause(rng: random.Random) -> str:
    words = [rng.choice(_WHO), rng.choice(_DOES), rng.choice(_WHAT)]
    return " ".join(words if rng.random() < 0.5 else [*words, rng.choice(_WHEN)])


def _draw(half: Half, make: Callable[[], str]) -> str:
    while half_of(line := make()) != half:
        pass
    return line
