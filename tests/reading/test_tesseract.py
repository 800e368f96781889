"""The reader of the real program, on pictures painted here."""

import shutil

import pytest
from PIL import Image, ImageDraw, ImageFont

from memecap.core import config
from memecap.errors import ConfigError
from memecap.reading.base import Reading
from memecap.reading.engine import passes

pytestmark = pytest.mark.skipif(shutil.which("tesseract") is None, reason="tesseract is not installed")


def font(size: int) -> ImageFont.FreeTypeFont:
    from matplotlib import font_manager

    return ImageFont.truetype(font_manager.findfont("DejaVu Sans"), size)


def page(*texts: str, ink: str = "black", paper: str = "white") -> Image.Image:
    image = Image.new("RGB", (420, 60 + 50 * len(texts)), paper)
    pen = ImageDraw.Draw(image)
    for number, text in enumerate(texts):
        pen.text((20, 20 + 50 * number), text, fill=ink, font=font(26))
    return image


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MEMECAP_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield config.build("reading", "tesseract")


@pytest.fixture(scope="module")
def readings(reader) -> list[Reading]:
    outlined = Image.effect_noise((420, 110), 90).convert("RGB").point(lambda value: value // 2)
    ImageDraw.Draw(outlined).text((20, 30), "КОГДА СДАЛ СЕССИЮ", "white", font(32), stroke_width=3, stroke_fill="black")
    return reader.read(
        [
            page("пришел домой", "а дома кот"),
            page("меня никто не ждал", ink="white", paper="black"),
            outlined,
            page(),
            Image.new("RGB", (30, 30), "white"),
            Image.new("RGB", (1, 1)),
        ]
    )


@pytest.mark.parametrize(
    ("place", "text"),
    [(0, "пришел домой а дома кот"), (1, "меня никто не ждал"), (2, "когда сдал сессию"), (3, ""), (4, ""), (5, "")],
)
def test_text_is_read_in_order(readings, place, text):
    assert readings[place].text.lower().replace("ё", "е") == text


def test_lines_have_boxes_inside_the_picture_and_a_language(readings):
    lines = readings[0].lines
    assert len(lines) == 2
    assert all(0 <= box[0] < box[2] <= 420 and 0 <= box[1] < box[3] <= 160 for box in (line.box for line in lines))
    assert lines[0].box[3] < lines[1].box[1] + 10
    assert {line.language for line in lines} == {"ru"}
    assert all(line.confidence > 0.6 for line in lines)


def test_a_second_look_starts_no_process(reader, readings, monkeypatch):
    def refuse(*_):
        raise AssertionError("Tesseract was started again")

    monkeypatch.setattr(passes, "run", refuse)
    assert reader.read([page("пришел домой", "а дома кот")]) == [readings[0]]


def test_the_version_tells_settings_that_change_the_result(reader):
    assert reader.version.startswith("tesseract ")
    assert config.build("reading", {"name": "tesseract", "processes": 1}).version == reader.version
    assert config.build("reading", {"name": "tesseract", "passes": ["plain-3"]}).version != reader.version


def test_an_unknown_pass_is_refused():
    reader_class = config.registry.load("reading", "tesseract").Config
    with pytest.raises(ConfigError, match="no pass 'sharp-11'"):
        config.validate(reader_class, {"passes": ["sharp-11"]}, where="test")


def test_a_page_of_text_is_looked_at_once(reader, monkeypatch):
    looks = []
    run = passes.run

    def counted(images, look):
        looks.append(look.look)
        return run(images, look)

    monkeypatch.setattr(passes, "run", counted)
    few = config.build("reading", {"name": "tesseract", "enough": 3, "keep": False})
    text = few.read([page("когда пришел домой", "а дома кот")])[0].text
    assert looks == ["plain"]
    assert text == "когда пришел домой а дома кот"
