"""The detector on painted lines, and its post-processing on maps whose answer is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont

from memecap.errors import ServiceError
from memecap.reading.engine import detector
from memecap.reading.engine.detector import Detector, Found, blobs, ordered


@pytest.fixture(scope="module")
def network() -> Detector:
    return Detector()


def painted(text: str, size: tuple[int, int], place: tuple[int, int], height: int = 32) -> Image.Image:
    from matplotlib import font_manager

    image = Image.new("RGB", size, "white")
    font = ImageFont.truetype(font_manager.findfont("DejaVu Sans"), height)
    ImageDraw.Draw(image).text(place, text, fill="black", font=font)
    return image


def ink(image: Image.Image) -> tuple[int, int, int, int]:
    box = image.convert("L").point(lambda value: 255 * (value < 128)).getbbox()
    assert box is not None
    return box


def covers(line: Found, box: tuple[int, int, int, int]) -> float:
    """The share of a box that the upright box of a line covers."""
    (left, top), (right, bottom) = line.corners.min(0), line.corners.max(0)
    wide, high = min(right, box[2]) - max(left, box[0]), min(bottom, box[3]) - max(top, box[1])
    return max(wide, 0) * max(high, 0) / ((box[2] - box[0]) * (box[3] - box[1]))


@pytest.mark.parametrize(
    ("size", "place", "height"),
    [((420, 120), (30, 30), 32), ((120, 40), (8, 10), 12), ((5000, 90), (4400, 20), 40), ((90, 40), (10, 10), 14)],
)
def test_a_line_is_found_where_it_stands(network, size, place, height):
    image = painted("кот и кит", size, place, height)
    (line,) = network.find(image)
    assert covers(line, ink(image)) > 0.8
    wide, high = line.size
    assert high < 3 * height and wide > 2 * high


@pytest.mark.parametrize("degrees", [25, -25, 90])
def test_a_tilted_line_is_found_as_it_is_read(network, degrees):
    image = painted("кот и кит пришли", (420, 420), (60, 190)).rotate(degrees, fillcolor="white")
    (line,) = network.find(image)
    x, y = line.corners[1] - line.corners[0]
    assert math.degrees(math.atan2(-y, x)) == pytest.approx(degrees, abs=4)
    assert covers(line, ink(image)) > 0.8


@pytest.mark.parametrize("size", [(30, 30), (1, 1), (640, 480), (1, 900)])
def test_nothing_is_found_where_nothing_stands(network, size):
    assert network.find(Image.new("RGB", size, "grey")) == []


def test_a_blob_is_grown_back_by_its_area_over_its_perimeter():
    likely = np.zeros((100, 200), np.float32)
    likely[40:60, 50:150] = 0.9
    ((corners, sure),) = blobs(likely)
    (left, top), (right, bottom) = corners.min(0), corners.max(0)
    wide, high = 99, 19  # between the centres of its outermost pixels
    grown = wide * high * detector.GROWTH / (2 * (wide + high))
    assert sure == pytest.approx(0.9, abs=1e-3)
    assert (left, top, right, bottom) == pytest.approx((50 - grown, 40 - grown, 149 + grown, 59 + grown), abs=1.1)


@given(st.floats(-79, 79), st.floats(30, 200), st.floats(5, 25), st.permutations(range(4)), st.floats(-500, 500))
def test_corners_in_any_order_are_the_same_line(degrees, length, height, order, shift):
    turn = math.radians(degrees)
    along, across = np.array([math.cos(turn), math.sin(turn)]), np.array([-math.sin(turn), math.cos(turn)])
    middle = np.array([shift, 2 * shift])
    corners = [
        middle + a * length / 2 * along + b * height / 2 * across for a, b in ((-1, -1), (1, -1), (1, 1), (-1, 1))
    ]
    start = order[0]
    turned = [corners[(start + step * (1 if order[1] % 2 else -1)) % 4] for step in range(4)]
    assert ordered(np.array(turned)) == pytest.approx(np.array(corners), abs=0.01)


def test_a_missing_network_is_told_with_its_cure(monkeypatch):
    with pytest.raises(ServiceError, match="none\\.onnx is not there"):
        detector.model_file("none.onnx")
