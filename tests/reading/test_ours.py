"""The recogniser of the package: reads plain lines, each for itself, without torch, from files that belong together."""

from __future__ import annotations

import hashlib
import json
import math
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from memecap.reading.recognisers.base import Crop
from memecap.reading.recognisers.beam import Letters, columns_of, counted, search
from memecap.reading.recognisers.ours import Lines

matplotlib = pytest.importorskip("matplotlib")


@pytest.fixture(scope="module")
def lines() -> Lines:
    return Lines()


def crop(text: str, size: int = 30, ink: str = "black", ground: str = "white") -> Crop:
    font = ImageFont.truetype(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans-Bold.ttf", size)
    left, top, right, bottom = font.getbbox(text)
    image = Image.new("RGB", (int(right - left) + 12, int(bottom - top) + 8), ground)
    ImageDraw.Draw(image).text((6 - left, 4 - top), text, ink, font)
    return np.asarray(image)


@pytest.mark.parametrize("text", ["КОГДА УВИДЕЛ КОТА", "а завтра опять на работу", "собака", "good morning"])
@pytest.mark.parametrize(("ink", "ground"), [("black", "white"), ("white", "navy")])
def test_plain_lines_are_read(lines: Lines, text: str, ink: str, ground: str) -> None:
    (read,) = lines.recognise([crop(text, ink=ink, ground=ground)])
    assert " ".join(piece.text for piece in read) == text
    assert all(0 <= piece.left < piece.right <= 1 and 0 < piece.confidence <= 1 for piece in read)
    assert [piece.left for piece in read] == sorted(piece.left for piece in read)


def test_words_stand_where_they_are_painted(lines: Lines) -> None:
    (read,) = lines.recognise([crop("кот      и      собака")])
    assert [piece.text for piece in read] == ["кот", "и", "собака"]
    assert read[0].right < 0.3
    assert read[2].left > 0.5


def test_a_line_is_read_alike_alone_and_among_others(lines: Lines) -> None:
    crops = [crop(text) for text in ("да", "когда приходит понедельник утром", "нет, спасибо", "я")]
    together = lines.recognise(crops)
    assert together[1] == lines.recognise(crops[1:2])[0]  # the widest: nothing is added to it
    alone = [lines.recognise([each])[0] for each in crops]
    assert [[piece.text for piece in read] for read in together] == [[piece.text for piece in read] for read in alone]


@pytest.mark.parametrize("shape", [(1, 1), (1, 900), (700, 2), (3, 5000), (2000, 2000)])
def test_odd_crops_are_survived(lines: Lines, shape: tuple[int, int]) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (*shape, 3)).astype(np.uint8)
    assert len(lines.recognise([noise, np.zeros_like(noise)])) == 2
    assert lines.recognise([]) == []


def test_card_and_network_belong_together(lines: Lines) -> None:
    assets = files("memecap.reading") / "assets"
    network = (assets / "recogniser.onnx").read_bytes()
    card = json.loads((assets / "recogniser.json").read_text(encoding="utf-8"))
    assert lines.version == card["version"] == f"memecap-lines-{hashlib.sha256(network).hexdigest()[:8]}"
    assert len(network) <= 10_000_000
    assert len(set(card["characters"])) == len(card["characters"])
    assert {"data", "made_by", "licence", "learnt", "figures"} <= set(card)


def test_torch_is_not_needed() -> None:
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "import numpy as np; from memecap.reading.recognisers.ours import Lines\n"
        "Lines().recognise([np.zeros((20, 90, 3), np.uint8)])"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def test_letters_of_known_words_win_where_columns_are_in_doubt() -> None:
    """An oracle by hand: two columns that cannot tell two letters apart, and a text that says which one follows."""
    letters = Letters(counted(["кот", "кот", "кот"], 1))
    scores = np.log(np.array([[0.01, 0.97, 0.01, 0.01], [0.02, 0.01, 0.48, 0.49]], np.float32))
    characters = ["", "к", "о", "а"]
    assert search(scores, characters, letters, width=5, weight=0.0, gain=0.0) == "ка"
    assert search(scores, characters, letters, width=5, weight=0.5, gain=0.0) == "ко"


def test_what_may_follow_adds_up_to_one() -> None:
    letters = Letters(counted(["кот ток", "окот"] * 2_000, 1))
    seen = " кот"
    for before in ("", "к", "ко", "ток"):
        assert sum(math.exp(letters.follows(before, letter)) for letter in seen) == pytest.approx(1, abs=0.01)


def test_each_character_gets_its_own_column() -> None:
    scores = np.log(np.full((7, 3), 0.05, np.float32))
    for column, number in enumerate([0, 1, 0, 1, 2, 2, 0]):
        scores[column, number] = math.log(0.9)
    assert columns_of(scores, [1, 1, 2]) in ([1, 3, 4], [1, 3, 5])
