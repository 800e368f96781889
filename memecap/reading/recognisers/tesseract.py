"""Tesseract in line mode over crops: each crop in several looks, of which the one that says the most is taken.

In: crops of straight lines. Out: their words. One process reads all crops of a look. Source: Tesseract 5, psm 7.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from PIL import Image, ImageOps

from memecap.reading.engine import passes
from memecap.reading.engine.merge import word_score
from memecap.reading.engine.passes import Word
from memecap.reading.recognisers.base import Crop, Piece

HEIGHT = 56  # pixels of a crop when Tesseract sees it
MARGIN = 10  # white pixels around it: letters at the very edge are lost
LONGEST = 2400  # pixels
LANGUAGES = "rus+eng"


class Lines:
    """The program `tesseract`, a line at a time."""

    def __init__(self, languages: str = LANGUAGES, looks: Sequence[str] = ("plain", "white", "dark")) -> None:
        self._languages = languages
        self._looks = tuple(looks)
        self._program = passes.program_version(languages)

    @property
    def version(self) -> str:
        return f"tesseract {self._program} {self._languages} lines {'+'.join(self._looks)}"

    def recognise(self, crops: Sequence[Crop]) -> list[list[Piece]]:
        if not crops:
            return []
        grown = [_grown(crop) for crop in crops]
        seen = [passes.run_pictures([LOOKS[look](crop) for crop in grown], self._languages, 7) for look in self._looks]
        best = [max(readings, key=_worth) for readings in zip(*seen, strict=True)]
        return [_pieces(words, crop.width) for words, crop in zip(best, grown, strict=True)]


def _grown(crop: Crop) -> Image.Image:
    image = Image.fromarray(crop)
    scale = min(HEIGHT / image.height, LONGEST / image.width)
    size = max(round(image.width * scale), 1), max(round(image.height * scale), 1)
    return image.resize(size, Image.Resampling.BICUBIC).convert("L")


def _framed(grey: Image.Image) -> Image.Image:
    return ImageOps.expand(grey, MARGIN, 255)


def _plain(grey: Image.Image) -> Image.Image:
    """Dark letters on light, as Tesseract likes them: the border says which is the ground."""
    pixels = np.asarray(grey)
    border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    return _framed(ImageOps.invert(grey) if np.median(border) < 110 else grey)


def _white(grey: Image.Image) -> Image.Image:
    """Near-white letters with an outline."""
    return _framed(grey.point([255] * 215 + [0] * 41))


def _dark(grey: Image.Image) -> Image.Image:
    """Near-black letters."""
    return _framed(grey.point([0] * 80 + [255] * 176))


LOOKS: dict[str, Callable[[Image.Image], Image.Image]] = {"plain": _plain, "white": _white, "dark": _dark}


def _worth(words: Sequence[Word]) -> float:
    return sum(word_score(word) for word in words)


def _pieces(words: Sequence[Word], width: int) -> list[Piece]:
    """Words from left to right as shares of the crop without its margin."""
    pieces = []
    for word in sorted(words, key=lambda word: word.box[0]):
        left = min(max((word.box[0] - MARGIN) / width, 0.0), 1.0)
        right = min(max((word.box[2] - MARGIN) / width, 0.0), 1.0)
        pieces.append(Piece(word.text, left, max(right, left + 1e-3), word.confidence))
    return pieces
