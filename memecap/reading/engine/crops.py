"""From tilted rectangles to straight crops, and from the words of a crop back to places on the picture.

In: a picture and the lines found on it. Out: for each an upright crop of RGB pixels, its text from left to right.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from memecap.reading.base import Box
from memecap.reading.engine.detector import Found
from memecap.reading.engine.passes import Word
from memecap.reading.recognisers.base import Crop, Piece

CROPS = 2  # grows when equal pictures begin to give other crops
MOST_PIXELS = 2400 * 1600  # of a larger picture the lines are cut from a smaller copy
LEADING = 0.15  # of a found line's height, above and below its letters: not theirs
SLANT = 12.0  # degrees: the words of a line that leans more stay together, for their upright boxes overlap others


def reduced(image: Image.Image) -> tuple[Image.Image, float]:
    """A picture that is not huge, and what its sides are multiplied with to be those of the one given."""
    scale = math.sqrt(min(MOST_PIXELS / (image.width * image.height), 1.0))
    if scale == 1.0:
        return image, 1.0
    size = max(int(image.width * scale), 1), max(int(image.height * scale), 1)
    return image.resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0), 1 / scale


def straighten(image: Image.Image, lines: Sequence[Found]) -> list[Crop]:
    """Each line cut out and turned upright, at the picture's own scale."""
    import cv2

    pixels = np.asarray(image)
    crops = []
    for line in lines:
        width, height = (max(round(side), 1) for side in line.size)
        target = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
        turned = cv2.getPerspectiveTransform(line.corners.astype(np.float32), target)
        crop = cv2.warpPerspective(
            pixels, turned, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
        )
        crops.append(crop)
    return crops


def placed(pieces: Sequence[Piece], line: Found, number: int, size: tuple[int, int]) -> list[Word]:
    """The words of a line as words of the picture, whose width and height are `size`."""
    if not pieces:
        return []
    if _is_slanted(line):
        text = " ".join(piece.text for piece in pieces)
        letters = [max(len(piece.text), 1) for piece in pieces]
        sure = sum(n * piece.confidence for n, piece in zip(letters, pieces, strict=True)) / sum(letters)
        return [Word(text, upright(line.corners, size), sure, number)]
    return [
        Word(piece.text, upright(_part(line.corners, piece.left, piece.right), size), piece.confidence, number)
        for piece in pieces
    ]


def upright(corners: NDArray[np.float32], size: tuple[int, int]) -> Box:
    """The upright box around corners, inside the picture and at least one pixel wide and high."""
    left, top = (int(value) for value in np.floor(corners.min(0)))
    right, bottom = (int(value) for value in np.ceil(corners.max(0)))
    left, top = min(max(left, 0), size[0] - 1), min(max(top, 0), size[1] - 1)
    return left, top, min(max(right, left + 1), size[0]), min(max(bottom, top + 1), size[1])


def _part(corners: NDArray[np.float32], start: float, end: float) -> NDArray[np.float32]:
    """The letters of a line between two shares of its length."""
    top_left, top_right, bottom_right, bottom_left = corners
    leading = LEADING * (bottom_left - top_left)
    top_left, top_right = top_left + leading, top_right + leading
    bottom_left, bottom_right = bottom_left - leading, bottom_right - leading
    above, below = top_right - top_left, bottom_right - bottom_left
    return np.stack(
        [top_left + start * above, top_left + end * above, bottom_left + end * below, bottom_left + start * below]
    )


def _is_slanted(line: Found) -> bool:
    x, y = line.corners[1] - line.corners[0]
    return abs(math.degrees(math.atan2(float(y), float(x)))) > SLANT
