"""What every reader of the registry obeys; each reads two painted pictures here, where its program can run."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw, ImageFont
from tiny_models import write_trocr

from memecap.core import config, registry
from memecap.demo.world import ASSETS
from memecap.reading.base import Line, Reader, Reading


def _trocr(folder: Path) -> dict[str, Any]:
    write_trocr(folder)
    return {"model": str(folder), "max_new_tokens": 5}


#: reader → the settings of its tiny models, made in a folder
ENGINES: dict[str, Callable[[Path], dict[str, Any]]] = {
    "tesseract": lambda _: {"passes": ["plain-11"]},
    "trocr": _trocr,
    "translated": lambda _: {"translator": {"name": "marian", "model": str(ASSETS / "marian")}},
    "easyocr": lambda _: {},
    "rapidocr": lambda _: {"recogniser": "tesseract"},
    "auto": lambda _: {},
}
NEEDS = {"easyocr": importlib.util.find_spec("easyocr") is None}
NAMES = [
    pytest.param(name, marks=pytest.mark.skipif(NEEDS.get(name, shutil.which("tesseract") is None), reason="not there"))
    for name in registry.names("reading")
]


@pytest.fixture(scope="module", params=NAMES)
def reader(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp(request.param)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MEMECAP_CACHE", str(folder / "cache"))
        yield config.build("reading", {"name": request.param, **ENGINES[request.param](folder)})


@pytest.fixture(scope="module")
def pictures() -> list[Image.Image]:
    from matplotlib import font_manager

    page = Image.new("RGB", (420, 160), "white")
    pen, font = ImageDraw.Draw(page), ImageFont.truetype(font_manager.findfont("DejaVu Sans"), 26)
    pen.text((20, 20), "Когда сдал сессию", fill="black", font=font)
    pen.text((20, 90), "the green snowman", fill="black", font=font)
    return [page, Image.new("RGB", (90, 60), "grey"), page]


@pytest.fixture(scope="module")
def readings(reader: Reader, pictures: list[Image.Image]) -> list[Reading]:
    return reader.read(pictures)


def test_every_reader_is_tried() -> None:
    assert set(ENGINES) == set(registry.names("reading"))


def test_each_picture_has_its_reading_in_order(
    reader: Reader, readings: list[Reading], pictures: list[Image.Image]
) -> None:
    first, plain, again = readings
    assert first.lines
    assert first == again
    assert plain.lines == ()
    assert [(reading.width, reading.height) for reading in readings] == [image.size for image in pictures]
    assert {reading.reader for reading in readings} == {reader.version}


def test_lines_stand_on_the_picture_from_top_to_bottom(readings: list[Reading]) -> None:
    lines = readings[0].lines
    assert len(lines) == 2
    assert lines[0].box[3] <= lines[1].box[1]
    for line in lines:
        left, top, right, bottom = line.box
        assert 0 <= left < right <= 420
        assert 0 <= top < bottom <= 160
        assert line.text.strip()
        assert 0 < line.confidence <= 1


def test_words_are_read(reader: Reader, readings: list[Reading]) -> None:
    if reader.config.name == "trocr":  # type: ignore[attr-defined]
        return  # its tiny model has not learnt to read
    russian, english = readings[0].lines
    assert (russian.text, russian.language) == ("Когда сдал сессию", "ru")
    assert (english.text, english.language) == ("the green snowman", "en")
    assert bool(english.translation) == (reader.config.name == "translated")  # type: ignore[attr-defined]


def test_no_pictures_no_readings(reader: Reader) -> None:
    assert reader.read([]) == []


def test_a_reading_survives_json() -> None:
    reading = Reading((Line("кот", (1, 2, 3, 4), 0.5), Line("cat", (1, 5, 3, 8), 1.0, "en")), 10, 12, "test 1")
    assert Reading.from_json(reading.to_json()) == reading
    assert reading.text == "кот cat"
