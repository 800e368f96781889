"""The captioner without training: a scene that the layout supports, and the lines that were read."""

import pytest

from memecap.captioners.base import TrainableCaptioner, create
from memecap.core import config
from memecap.decoding.greedy import Greedy
from memecap.modeling.outputs import Caption
from memecap.reading.base import Line, Reading


def reading(*lines: tuple[str, int, float]) -> Reading:
    return Reading(
        tuple(Line(text, (10, top, 300, top + 20), confidence) for text, top, confidence in lines), 400, 400, "test 1"
    )


def describe(read: Reading | None, **settings: object) -> Caption:
    template = create(config.configure("captioners", {"name": "template", **settings}), ())
    return template.generate(None, [read], Greedy())[0][0]


def test_lines_are_quoted_with_boxes_and_confidence():
    caption = describe(reading(("КОГДА СДАЛ СЕССИЮ", 10, 0.9), ("И Пришёл домой", 40, 0.7)))
    assert caption.text == 'на картинке надпись: "когда сдал сессию И Пришёл домой".'
    assert [(quote.text, quote.box, quote.confidence) for quote in caption.quotes] == [
        ("когда сдал сессию", (10, 10, 300, 30), 0.9),
        ("И Пришёл домой", (10, 40, 300, 60), 0.7),
    ]
    assert caption.finished


def test_a_tweet_names_its_author_and_quotes_its_text_only():
    caption = describe(
        reading(
            ("Кот Учёный", 10, 0.6),
            ("@kot_uch · 2 ч", 32, 0.05),
            ("сплю", 60, 0.9),
            ("12:40 · Twitter for iPhone", 90, 0.9),
        )
    )
    assert caption.text == 'твит пользователя kot_uch: "сплю".'


def test_an_address_in_the_lower_half_is_a_watermark():
    caption = describe(reading(("привет", 10, 0.9), ("vk.com/textmeme", 370, 0.9), ("@textmeme", 390, 0.9)))
    assert caption.text == 'на картинке надпись: "привет".'


def test_doubtful_lines_are_not_quoted():
    read = reading(("привет", 10, 0.9), ("~ул", 200, 0.1))
    assert describe(read).text == 'на картинке надпись: "привет".'
    assert describe(read, min_confidence=0).text == 'на картинке надпись: "привет ~ул".'


@pytest.mark.parametrize("nothing", [None, reading(), reading(("ф", 10, 0.01)), reading(("vk.com/club", 10, 0.9))])
def test_without_text_nothing_is_invented(nothing):
    assert describe(nothing) == Caption(text="картинка без надписи.")


def test_a_constant_scene_is_said_of_every_picture():
    assert describe(reading(("@kot", 10, 0.9), ("да", 40, 0.9)), scene="мем").text == 'мем: "да".'
    assert describe(reading(), scene="мем").text == "мем."


def test_quotes_stay_balanced():
    assert describe(reading(('он сказал: "да', 10, 0.9))).text.count('"') == 2


def test_capitals_may_stay():
    assert describe(reading(("КОТ", 10, 0.9)), lower_capitals=False).text == 'на картинке надпись: "КОТ".'


def test_it_describes_and_does_not_learn():
    assert not isinstance(create(config.configure("captioners", "template")), TrainableCaptioner)
