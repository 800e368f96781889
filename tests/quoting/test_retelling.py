"""A remembered caption keeps its scene; each quote becomes the lines that lie where its own lines lay."""

from __future__ import annotations

from typing import Any

from memecap.memory.recollection import Box, Recollection, RememberedLine
from memecap.quoting.retelling import retell
from memecap.quoting.slots import to_caption
from memecap.reading.base import Line, Reading

ABOVE, BELOW, MIDDLE = (5, 5, 90, 15), (5, 180, 90, 190), (5, 95, 90, 105)


def recollection(caption: str, *lines: tuple[str, Box], **changes: Any) -> Recollection:
    values: dict[str, Any] = {
        "image_id": "a",
        "group_id": "a",
        "corpus": "memes",
        "split": "train",
        "captions": (caption,),
        "lines": tuple(RememberedLine(*line) for line in lines),
        "box": (0, 20, 100, 170),
        "covered": 0.8,
        "inliers": 60,
        "confidence": 0.97,
        "transform": (1.0, 0.0, 0.0, 0.0, 1.0, 0.0),
    }
    return Recollection(**(values | changes))


def reading(*lines: tuple[str, Box], confidence: float = 0.9) -> Reading:
    return Reading(tuple(Line(text, box, confidence) for text, box in lines), 100, 200, "test")


def told(found: Recollection, read: Reading | None) -> str:
    return to_caption(retell(found, read), read)[0]


TWO = recollection('Сверху: "раз два". Кот ест рыбу. Внизу: "три четыре".', ("раз два", ABOVE), ("три четыре", BELOW))


def test_each_quote_takes_the_lines_that_lie_there() -> None:
    here = reading(("новый верх", ABOVE), ("новый низ", BELOW))
    assert told(TWO, here) == 'Сверху: "новый верх". Кот ест рыбу. Внизу: "новый низ".'
    backwards = reading(("новый низ", BELOW), ("новый верх", ABOVE))
    assert told(TWO, backwards) == told(TWO, here)


def test_a_quote_that_is_gone_leaves_the_scene() -> None:
    assert told(TWO, reading(("новый верх", ABOVE))) == 'Сверху: "новый верх". Кот ест рыбу. Внизу.'
    assert '"' not in told(TWO, None) and "Кот ест рыбу" in told(TWO, None)


def test_lines_elsewhere_go_to_the_quote_of_unknown_place_or_to_the_nearest() -> None:
    half = recollection(TWO.captions[0], ("раз два", ABOVE))  # nobody read the lower one
    here = reading(("новый верх", ABOVE), ("середина", MIDDLE))
    assert told(half, here) == 'Сверху: "новый верх". Кот ест рыбу. Внизу: "середина".'
    near_the_top = reading(("новый верх", ABOVE), ("под ним", (5, 40, 90, 50)))
    assert told(TWO, near_the_top).startswith('Сверху: "новый верх под ним".')


def test_what_is_read_is_told_where_nothing_was_quoted() -> None:
    bare = recollection("Кот ест рыбу.")
    assert told(bare, reading(("подпись", ABOVE))) == 'Кот ест рыбу. Надпись: "подпись".'
    assert told(bare, reading(("подпись", ABOVE), confidence=0.1)) == "Кот ест рыбу."


def test_a_watermark_is_not_told() -> None:
    here = reading(("новый верх", ABOVE), ("vk.com/memes", (60, 100, 99, 105)), ("новый низ", BELOW))
    assert "vk.com" not in told(TWO, here)
