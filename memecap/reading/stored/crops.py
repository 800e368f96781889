"""The words of the lines that the detector finds, each picture looked at once and kept.

In: upright RGB pictures. Out: for each, the words that a recogniser read on straightened crops of its lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from PIL import Image

from memecap.reading.engine.crops import CROPS, placed, reduced, straighten
from memecap.reading.engine.detector import MODEL, Detector, Found
from memecap.reading.engine.passes import Word
from memecap.reading.recognisers.base import Recogniser
from memecap.reading.stored.looks import shares
from memecap.reading.stored.passes import WordStore, picture_key


class Crops:
    """The detector and a recogniser."""

    def __init__(self, recogniser: Recogniser, detector: Detector, store: WordStore, *, n_processes: int) -> None:
        self._recogniser, self._detector = recogniser, detector
        self._store, self._n_processes = store, n_processes
        self.program = f"{MODEL} crops {CROPS} {recogniser.version}"

    def words(self, images: Sequence[Image.Image]) -> list[list[Word]]:
        """Of each picture, the words on its lines.

        Raises:
            ServiceError: the recogniser's program failed.
        """
        keys = [picture_key(image) for image in images]
        by_key = dict(zip(keys, images, strict=True))
        new = {key: image for key, image in by_key.items() if self._store.get(key, "lines", self.program) is None}
        with ThreadPoolExecutor(self._n_processes) as pool:
            try:
                for _ in pool.map(self._look, [{key: new[key] for key in s} for s in shares(new, self._n_processes)]):
                    pass
            except BaseException:  # Ctrl-C too
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        return [self._store.get(key, "lines", self.program) or [] for key in keys]

    def _look(self, images: dict[str, Image.Image]) -> None:
        """All lines of a share of the pictures are recognised together."""
        found, crops = [], []
        for image in images.values():
            seen, scale = reduced(image)
            lines = self._detector.find(seen)
            crops += straighten(seen, lines)
            found.append([Found(line.corners * scale, line.confidence) for line in lines])
        read = iter(self._recogniser.recognise(crops))
        words = {
            key: [word for n, line in enumerate(lines) for word in placed(next(read), line, n, images[key].size)]
            for key, lines in zip(images, found, strict=True)
        }
        self._store.put("lines", self.program, words)
