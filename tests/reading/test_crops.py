"""Straightened lines, their words back on the picture, and what is kept of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from PIL import Image, ImageDraw

from memecap.reading.engine.crops import placed, reduced, straighten
from memecap.reading.engine.detector import Found
from memecap.reading.recognisers.base import Crop, Piece
from memecap.reading.stored.crops import Crops
from memecap.reading.stored.passes import WordStore


def box(left: float, top: float, right: float, bottom: float) -> Found:
    return Found(np.array([(left, top), (right, top), (right, bottom), (left, bottom)], np.float32), 0.9)


def two_coloured() -> Image.Image:
    """A line of 120 x 20 at (40, 90), its first third red, the rest blue."""
    image = Image.new("RGB", (200, 200), "white")
    pen = ImageDraw.Draw(image)
    pen.rectangle((40, 90, 79, 109), fill="red")
    pen.rectangle((80, 90, 159, 109), fill="blue")
    return image


@pytest.mark.parametrize("degrees", [0, 30, -30, 90])
def test_a_turned_line_is_cut_as_if_it_were_straight(degrees):
    turn = np.radians(degrees)
    to = np.array([(np.cos(turn), np.sin(turn)), (-np.sin(turn), np.cos(turn))])  # y points down
    corners = (box(40, 90, 160, 110).corners - 100) @ to.T + 100
    image = two_coloured().rotate(degrees, Image.Resampling.BICUBIC)
    (crop,) = straighten(image, [Found(corners.astype(np.float32), 0.9)])
    assert crop.shape == (20, 120, 3)
    assert crop[4:-4, 4:36].reshape(-1, 3).mean(0) == pytest.approx((255, 0, 0), abs=12)
    assert crop[4:-4, 44:-4].reshape(-1, 3).mean(0) == pytest.approx((0, 0, 255), abs=12)


def test_words_stand_on_the_picture_by_their_share_of_the_line():
    pieces = [Piece("кот", 0.0, 0.25, 0.9), Piece("и", 0.5, 0.6, 0.8)]
    words = placed(pieces, box(100, 50, 300, 90), 7, (320, 100))
    assert [(word.text, word.box, word.line) for word in words] == [
        ("кот", (100, 56, 150, 84), 7),
        ("и", (200, 56, 220, 84), 7),
    ]


def test_the_words_of_a_slanted_line_stay_together():
    corners = np.array([(10, 90), (90, 10), (100, 20), (20, 100)], np.float32)
    (word,) = placed([Piece("кот", 0, 0.4, 0.9), Piece("спит", 0.5, 1, 0.2)], Found(corners, 0.9), 0, (95, 120))
    assert (word.text, word.box) == ("кот спит", (10, 10, 95, 100))
    assert word.confidence == pytest.approx((3 * 0.9 + 4 * 0.2) / 7)


def test_a_huge_picture_is_cut_from_a_smaller_copy():
    seen, scale = reduced(Image.new("RGB", (8000, 4000)))
    assert seen.width * seen.height <= 2400 * 1600
    assert seen.width * scale == pytest.approx(8000, abs=5)
    same, one = reduced(seen)
    assert same is seen and one == 1.0


class Counted:
    """A recogniser and a detector that count what they are asked."""

    def __init__(self, version: str = "one") -> None:
        self.version = version
        self.crops = self.pictures = 0

    def recognise(self, crops: Sequence[Crop]) -> list[list[Piece]]:
        self.crops += len(crops)
        return [[Piece(f"{crop.shape[1]}x{crop.shape[0]}", 0.0, 1.0, 0.9)] for crop in crops]

    def find(self, image: Image.Image) -> list[Found]:
        self.pictures += 1
        return [box(2, 2, 22, 12), box(2, 20, 42, 30)][: image.width // 25]


def test_a_picture_is_looked_at_once_and_another_recogniser_needs_no_detector(tmp_path):
    store = WordStore(tmp_path / "reading.sqlite")
    pictures = [Image.new("RGB", (60, 40)), Image.new("RGB", (10, 10)), Image.new("RGB", (30, 40))]
    counted, other = Counted(), Counted("other")
    words = Crops(counted, counted, store, n_processes=2).words([*pictures, pictures[0]])  # type: ignore[arg-type]
    texts = [[word.text for word in of_picture] for of_picture in words]
    assert texts == [["20x10", "40x10"], [], ["20x10"], ["20x10", "40x10"]]
    assert Crops(counted, counted, store, n_processes=1).words(pictures) == words[:3]  # type: ignore[arg-type]
    assert (counted.pictures, counted.crops) == (3, 3)
    assert Crops(other, counted, store, n_processes=1).words(pictures) == words[:3]  # type: ignore[arg-type]
    assert (counted.pictures, other.crops) == (3, 3)
