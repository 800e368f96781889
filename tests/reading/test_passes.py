"""Tesseract's table → words, and what is said when the program is not there."""

import pytest
from PIL import Image

from memecap.errors import ServiceError
from memecap.reading.engine import passes
from memecap.reading.engine.preprocess import LOOKS
from memecap.reading.tesseract import Tesseract

HEADER = "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext"


def row(page: int, line: int, left: int, text: str, confidence: float = 90.0, level: int = 5) -> str:
    return f"{level}\t{page}\t1\t1\t{line}\t1\t{left}\t20\t40\t10\t{confidence}\t{text}"


def test_parse_gives_each_picture_its_words_and_takes_the_scale_back():
    table = "\n".join([HEADER, row(1, 1, 10, "раз"), row(2, 1, 10, "два"), row(2, 1, 60, "три", 50), ""])
    first, second = passes.parse(table, [1.0, 2.0])
    assert [(word.text, word.box) for word in first] == [("раз", (10, 20, 50, 30))]
    assert [(word.text, word.box) for word in second] == [("два", (5, 10, 25, 15)), ("три", (30, 10, 50, 15))]
    assert [word.confidence for word in second] == [0.9, 0.5]


def test_parse_skips_blocks_lines_and_blanks():
    table = "\n".join([HEADER, row(1, 1, 10, "", -1, level=4), row(1, 1, 10, "  "), row(1, 2, 10, '"', 40)])
    assert [word.text for word in passes.parse(table, [1.0])[0]] == ['"']


def test_a_missing_program_says_how_to_install_it(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ServiceError, match="apt-get install tesseract-ocr"):
        passes.find_program()


def test_a_missing_language_is_named():
    with pytest.raises(ServiceError, match="xyz"):
        passes.program_version("rus+xyz")


def test_a_missing_language_is_named_in_the_advice():
    with pytest.raises(ServiceError, match="lacks the language data xyz") as caught:
        passes.program_version("rus+xyz")
    assert "tesseract-ocr-xyz" in caught.value.fix and "tesseract-ocr-rus" not in caught.value.fix


def test_a_language_of_a_single_pass_is_missed_before_reading():
    with pytest.raises(ServiceError, match="xyz"):
        Tesseract(Tesseract.Config(passes=("plain-11", "dark-11@xyz"), keep=False))


@pytest.mark.parametrize("name", LOOKS)
@pytest.mark.parametrize("size", [(30, 30), (8000, 40), (1, 1)])
def test_a_look_keeps_the_shape_and_a_bounded_size(name, size):
    seen, scale = LOOKS[name](Image.new("RGB", size, "white"))
    assert max(seen.size) <= 2400
    assert seen.width == pytest.approx(size[0] * scale, abs=1)


def test_white_letters_turn_black_and_the_rest_white():
    image = Image.new("RGB", (4, 1), (120, 90, 30))
    image.putpixel((1, 0), (250, 250, 250))
    assert list(LOOKS["white"](image)[0].tobytes()) == [255, 0, 255, 255]


def test_black_letters_stay_black_and_the_rest_turns_white():
    image = Image.new("RGB", (3, 1), (120, 90, 30))
    image.putpixel((1, 0), (10, 10, 10))
    assert list(LOOKS["dark"](image)[0].tobytes()) == [255, 0, 255]
