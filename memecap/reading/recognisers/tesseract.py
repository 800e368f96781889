"""Tesseract in line mode over crops: a doubtful crop in several looks, of which the one that says the most is taken.

In: crops of straight lines. Out: their words. One process reads all crops of a look; what was read surely is not
looked at again. Source: Tesseract 5, psm 7.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from PIL import Image, ImageOps

from memecap.reading.engine import passes
from memecap.reading.engine.merge import word_score
from memecap.reading.engine.passes import Word
from memecap.reading.engine.words import plausibility
from memecap.reading.recognisers.base import Crop, Piece

HEIGHT = 56  # pixels of a crop when Tesseract sees it
MARGIN = 10  # white pixels around it: letters at the very edge are lost
LONGEST = 2400  # pixels
SURE = 0.85  # Tesseract's confidence in each word of a line, all of them known, from which one look is enough
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
        best: list[list[Word]] = [[] for _ in grown]
        for look in self._looks:
            doubtful = [place for place, words in enumerate(best) if not _is_sure(words)]
            if doubtful:
                pictures = (LOOKS[look](grown[place]) for place in doubtful)
                for place, words in zip(doubtful, passes.run_pictures(pictures, self._languages, 7), strict=True):
                    best[place] = max(best[place], words, key=_worth)
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


def _is_sure(words: Sequence[Word]) -> bool:
    """Read so well that no other look is worth its time."""
    return bool(words) and all(word.confidence > SURE and plausibility(word.text) >= 1 for word in words)


def _pieces(words: Sequence[Word], width: int) -> list[Piece]:
    """Words from left to right as shares of the crop without its margin."""
    pieces = []
    for word in sorted(words, key=lambda word: word.box[0]):
        left = min(max((word.box[0] - MARGIN) / width, 0.0), 1.0)
        right = min(max((word.box[2] - MARGIN) / width, 0.0), 1.0)
        pieces.append(Piece(word.text, left, max(right, left + 1e-3), word.confidence))
    return pieces
