"""The recogniser of meme lettering of the package: learnt from nothing on painted lines, run by onnxruntime.

In: crops of straight lines. Out: their words. How it was made, and how well it reads, says `assets/recogniser.json`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.resources import as_file, files
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from memecap.reading.engine.detector import session
from memecap.reading.recognisers.base import Crop, Piece
from memecap.reading.recognisers.beam import Letters, columns_of, search
from memecap.reading.recognisers.ctc import pieces

HEIGHT, LONGEST = 32, 2048  # pixels
BATCH = 8  # crops of one width seen together
WIDTH, WEIGHT, GAIN = 10, 0.2, 0.4  # of the beam: chosen on lines cut from training memes that were kept apart
SURE = -0.02  # log-probability: a line all of whose columns are surer is read as they stand
STRIDE = 4  # pixels of a line per column of scores
STEP = 32  # pixels: widths are multiples of it


class Lines:
    """The network, on one thread. Raises `ServiceError` where it cannot be loaded."""

    def __init__(self) -> None:
        assets = files("memecap.reading") / "assets"
        card = json.loads((assets / "recogniser.json").read_text(encoding="utf-8"))
        with as_file(assets / "recogniser.onnx") as path:
            self._session = session(path, 1)
        self._version: str = card["version"]
        self._characters = ["", *card["characters"]]
        self._classes = {character: number for number, character in enumerate(self._characters) if number}
        self._letters = Letters.read((assets / "recogniser_letters.gz").read_bytes())

    @property
    def version(self) -> str:
        return self._version

    def recognise(self, crops: Sequence[Crop]) -> list[list[Piece]]:
        lines = [padded(crop) for crop in map(as_line, crops)]
        order = sorted(range(len(lines)), key=lambda place: lines[place].shape[1])
        read: dict[int, list[Piece]] = {}
        for _, alike in groupby(order, key=lambda place: lines[place].shape[1]):
            for places in batched(list(alike)):
                pixels = np.stack([lines[place] for place in places]).astype(np.float32) / 127.5 - 1
                (scores,) = self._session.run(None, {"lines": pixels[:, None]})
                for place, line in zip(places, scores, strict=True):
                    read[place] = self._words(line[: columns(crops[place])])
        return [read[place] for place in range(len(crops))]

    def _words(self, scores: NDArray[np.float32]) -> list[Piece]:
        """The words of a line; where columns are in doubt, those of the best text, each letter at its own column."""
        if float(scores.max(1).min()) > SURE:
            return pieces(np.exp(scores), self._characters)
        text = search(scores, self._characters, self._letters, width=WIDTH, weight=WEIGHT, gain=GAIN)
        if not text:
            return []
        classes = [self._classes[character] for character in text]
        shown = np.zeros_like(scores)
        shown[:, 0] = 1e-9
        for column, number in zip(columns_of(scores, classes), classes, strict=True):
            shown[column, number] = np.exp(scores[column, number]) + 2e-9
        return pieces(shown, self._characters)


def batched(places: Sequence[int]) -> list[Sequence[int]]:
    """The places in runs of at most BATCH."""
    return [places[first : first + BATCH] for first in range(0, len(places), BATCH)]


def wide(crop: Crop) -> int:
    """Pixels that a crop is wide at the height of a line."""
    height, width = crop.shape[:2]
    return min(max(round(float(width * HEIGHT / height)), 8), LONGEST)


def as_line(crop: Crop) -> NDArray[np.uint8]:
    """(HEIGHT, width) grey: the crop as the network learnt to see lines."""
    import cv2

    grey = cv2.cvtColor(np.ascontiguousarray(crop), cv2.COLOR_RGB2GRAY)
    way = cv2.INTER_AREA if len(crop) > HEIGHT else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(grey, (wide(crop), HEIGHT), interpolation=way), np.uint8)


def padded(line: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A line continued by its last column to a multiple of STEP, by itself: no other line changes how it is read."""
    return np.pad(line, ((0, 0), (0, -line.shape[1] % STEP)), mode="edge")


def columns(crop: Crop) -> int:
    """Columns of scores that show the crop; the others are padding."""
    return -(-wide(crop) // STRIDE)
