"""The default reader with and without Tesseract, on painted pictures; the recogniser is Tesseract's or a stand-in."""

from __future__ import annotations

import shutil
from collections.abc import Sequence

import pytest
from PIL import Image

from memecap.core import config, defaults
from memecap.core.config import PartConfig
from memecap.reading import auto
from memecap.reading.engine import passes
from memecap.reading.engine.calibration import OURS
from memecap.reading.engine.page import Page
from memecap.reading.engine.passes import Word
from memecap.reading.recognisers.base import Crop, Piece


class Told:
    """A recogniser that says of each crop what it is told to."""

    version = "told 1"

    def recognise(self, crops: Sequence[Crop]) -> list[list[Piece]]:
        return [[Piece("когда", 0.0, 0.4, 0.99), Piece("сдал", 0.5, 1.0, 0.99)] for _ in crops]


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auto, "load", lambda _: Told())
    monkeypatch.setattr(auto, "is_there", lambda _: True)


def line_of_text() -> Image.Image:
    from matplotlib import font_manager
    from PIL import ImageDraw, ImageFont

    image = Image.new("RGB", (300, 90), "white")
    font = ImageFont.truetype(font_manager.findfont("DejaVu Sans"), 26)
    ImageDraw.Draw(image).text((20, 25), "когда сдал", fill="black", font=font)
    return image


@pytest.mark.usefixtures("told")
def test_it_is_the_default() -> None:
    assert config.build("reading", {"name": defaults.READER, "tesseract": False, "keep": False}).config.name == "auto"


@pytest.mark.usefixtures("told")
def test_without_tesseract_memes_are_read_and_the_version_says_by_what(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    reader = config.build("reading", {"name": "auto", "keep": False})
    first, empty = reader.read([line_of_text(), Image.new("RGB", (40, 40))])
    assert first.text == "когда сдал"
    assert empty.lines == ()
    assert "told 1" in reader.version and "tesseract" not in reader.version
    assert reader.version == config.build("reading", {"name": "auto", "tesseract": False, "keep": False}).version


@pytest.mark.usefixtures("told")
@pytest.mark.skipif(shutil.which("tesseract") is None, reason="tesseract is not installed")
def test_with_tesseract_its_passes_are_merged_in() -> None:
    reader = config.build("reading", {"name": "auto", "keep": False})
    (page,) = reader.pages([line_of_text()])
    assert len(page.looks) == len(auto.LOOKS)
    assert page.crops
    assert passes.program_version("rus") in reader.version
    (line,) = page.reading("x", OURS, 0.0).lines
    assert line.text == "когда сдал"


def test_a_row_on_a_found_line_is_told_from_dust() -> None:
    text, dust = Word("когда", (10, 10, 90, 30), 0.9, 0), Word("ёлка", (10, 60, 90, 80), 0.9, 1)
    page = Page((100, 100), [[text, dust]], [[text]])
    rows = page.rows()
    assert [row["found"] for row in page.counted(rows)] == [1.0, 0.0]
    alone = Page((100, 100), [[text, dust]])
    assert [row["found"] for row in alone.counted(alone.rows())] == [0.0, 0.0]


def test_a_name_is_kept_however_doubtful() -> None:
    word = Word("@kot_kotov", (10, 10, 90, 30), 0.3, 0)
    noise = Word("жщъ", (10, 60, 40, 70), 0.3, 1)
    reading = Page((100, 100), [[word, noise]]).reading("x", OURS, 0.99)
    assert [line.text for line in reading.lines] == ["@kot_kotov"]


@pytest.mark.usefixtures("told")
def test_settings_that_change_the_result_are_in_the_version() -> None:
    base = {"name": "auto", "tesseract": False, "keep": False}
    plain = config.build("reading", base).version
    assert config.build("reading", {**base, "min_confidence": 0.5}).version != plain
    assert config.build("reading", {**base, "processes": 1}).version == plain
    assert isinstance(config.configure("reading", base), PartConfig)
