"""The words of the lines that the detector finds, each picture looked at once and kept.

In: upright RGB pictures. Out: for each, the words that a recogniser read on straightened crops of its lines. What the
detector found is kept by itself, so that another recogniser reads the same lines without it.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from PIL import Image

from memecap.reading.engine.crops import CROPS, placed, reduced, straighten, upright
from memecap.reading.engine.detector import DETECTOR, Detector, Found
from memecap.reading.engine.passes import Word
from memecap.reading.recognisers.base import Crop, Recogniser
from memecap.reading.stored.looks import shares
from memecap.reading.stored.passes import WordStore, picture_key

FOUND, READ = "found", "lines"  # names of the two passes in the store


class Crops:
    """The detector and a recogniser."""

    def __init__(self, recogniser: Recogniser, detector: Detector, store: WordStore, *, n_processes: int) -> None:
        self._recogniser, self._detector = recogniser, detector
        self._store, self._n_processes = store, n_processes
        self.program = f"{DETECTOR} crops {CROPS} {recogniser.version}"

    def words(self, images: Sequence[Image.Image]) -> list[list[Word]]:
        """Of each picture, the words on its lines.

        Raises:
            ServiceError: the recogniser's program failed.
        """
        keys = [picture_key(image) for image in images]
        by_key = dict(zip(keys, images, strict=True))
        new = {key: image for key, image in by_key.items() if self._store.get(key, READ, self.program) is None}
        parts = [{key: new[key] for key in share} for share in shares(new, self._n_processes)]
        with ThreadPoolExecutor(self._n_processes) as pool:
            try:
                for _ in pool.map(self._look, parts):
                    pass
            except BaseException:  # Ctrl-C too: what has not begun is not worth waiting for
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        return [self._store.get(key, READ, self.program) or [] for key in keys]

    def _look(self, images: dict[str, Image.Image]) -> None:
        """All lines of a share of the pictures are recognised together."""
        found: list[list[Found]] = []
        crops: list[Crop] = []
        for key, image in images.items():
            seen, scale = reduced(image)
            found.append(self._find(key, seen, scale))
            crops += straighten(seen, [Found(line.corners / scale, line.confidence) for line in found[-1]])
        read = iter(self._recogniser.recognise(crops))
        words = {
            key: [word for n, line in enumerate(lines) for word in placed(next(read), line, n, images[key].size)]
            for key, lines in zip(images, found, strict=True)
        }
        self._store.put(READ, self.program, words)

    def _find(self, key: str, seen: Image.Image, scale: float) -> list[Found]:
        """The lines in the pixels of the whole picture, whose sides are `scale` times those of what is seen."""
        known = self._store.get(key, FOUND, DETECTOR)
        if known is None:
            lines = [Found(line.corners * scale, line.confidence) for line in self._detector.find(seen)]
            size = round(seen.width * scale), round(seen.height * scale)
            known = [_as_word(line, number, size) for number, line in enumerate(lines)]
            self._store.put(FOUND, DETECTOR, {key: known})
        return [_as_line(word) for word in known]


def _as_word(line: Found, number: int, size: tuple[int, int]) -> Word:
    """A line as the store keeps it: its corners, x and y in turn, instead of a text."""
    corners = " ".join(f"{value:.1f}" for value in line.corners.ravel())
    return Word(corners, upright(line.corners, size), line.confidence, number)


def _as_line(word: Word) -> Found:
    return Found(np.array(word.text.split(), np.float32).reshape(4, 2), word.confidence)
