"""Pictures whose text is alike: as much of it, standing where this one's stands, in words like these.

In: what a memory holds, each with the lines that were read on it; a reading. Out: the entries most alike, as
recollections that no picture vouches for (no inliers, no confidence): their words are a guess at what a picture with
such a text shows.

N entries, F features of a layout, L lines.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
from jaxtyping import Float

from memecap.memory.entry import Entry
from memecap.memory.recollection import Box, Recollection, RememberedLine
from memecap.reading.base import Reading

ROWS, COLUMNS = 6, 4  # of the grid over a picture
STEM = 5  # letters: forms of one Russian word mostly agree so far
WORDS = 5.0  # weight of the words against the layout
_LATIN = re.compile(r"[A-Za-z]")

Array = Float[np.ndarray, "N F"]


class Alike:
    """Remembered pictures by their text."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.entries = [entry for entry in entries if entry.captions]
        texts = [[(line.text, line.box) for line in entry.lines] for entry in self.entries]
        sizes = [(entry.width, entry.height) for entry in self.entries]
        self._layouts = np.array([_layout(*pair) for pair in zip(texts, sizes, strict=True)], np.float32)
        stems = [_stems(text for text, _ in lines) for lines in texts]
        self._seen = Counter(stem for each in stems for stem in each)
        self._holding: dict[str, list[int]] = defaultdict(list)
        for number, each in enumerate(stems):
            for stem in each:
                self._holding[stem].append(number)
        self._lengths = np.array([self._length(each) for each in stems])

    def find(self, reading: Reading, n: int) -> list[Recollection]:
        """The n entries most alike, the first most of all; their lines stand where they would on this picture."""
        if not self.entries:
            return []
        lines = [(line.text, line.box) for line in reading.lines]
        layout = np.array(_layout(lines, (reading.width, reading.height)), np.float32)
        scores = WORDS * self._words(_stems(text for text, _ in lines)) - ((self._layouts - layout) ** 2).sum(axis=1)
        best = np.argsort(-scores, kind="stable")[:n]
        return [_carried(self.entries[i], reading) for i in best]

    def _words(self, stems: set[str]) -> Float[np.ndarray, " N"]:
        """The cosine of rare words, 0..1, with each entry."""
        found = np.zeros(len(self.entries))
        for stem in sorted(stems & self._holding.keys()):
            found[self._holding[stem]] += self._rarity(stem) ** 2
        return np.asarray(found / self._length(stems) / self._lengths)

    def _rarity(self, stem: str) -> float:
        return math.log((1 + len(self.entries)) / (1 + self._seen[stem]))

    def _length(self, stems: set[str]) -> float:
        return math.sqrt(sum(self._rarity(stem) ** 2 for stem in stems)) + 1e-6


def _stems(texts: Iterable[str]) -> set[str]:
    return {word[:STEM] for text in texts for word in re.findall(r"\w+", text.lower().replace("ё", "е"))}


def _layout(lines: Sequence[tuple[str, Box]], size: tuple[int, int]) -> list[float]:
    """Numbers of about the same weight: where the text stands, the picture's shape, how much text, which script."""
    width, height = max(size[0], 1), max(size[1], 1)
    boxes = np.array([box for _, box in lines], np.float64).reshape(-1, 4) / (width, height, width, height)
    across = _shared(boxes[:, 0::2] * COLUMNS, COLUMNS)
    cells = _shared(boxes[:, 1::2] * ROWS, ROWS).T @ across
    letters = "".join(text for text, _ in lines)
    heights = sorted((bottom - top) / height for _, (_, top, _, bottom) in lines) or [0.0]
    return [
        *np.clip(cells, 0, 1).ravel().tolist(),
        2 * math.log(width / height),
        math.log1p(len(lines)),
        0.7 * math.log1p(len(letters)),
        1.5 * len(_LATIN.findall(letters)) / max(len(letters), 1),
        15 * heights[len(heights) // 2],
        2.0 * ("@" in letters),
    ]


def _shared(spans: Float[np.ndarray, "L 2"], n: int) -> Float[np.ndarray, "L n"]:
    """How much of each of n cells of length one each interval covers."""
    starts = np.arange(n)
    return np.asarray(np.clip(np.minimum(spans[:, 1:], starts + 1) - np.maximum(spans[:, :1], starts), 0, 1))


def _carried(entry: Entry, reading: Reading) -> Recollection:
    """An entry laid over the whole of another picture."""
    x, y = reading.width / max(entry.width, 1), reading.height / max(entry.height, 1)
    lines = tuple(
        RememberedLine(line.text, (round(left * x), round(top * y), round(right * x), round(bottom * y)))
        for line in entry.lines
        for left, top, right, bottom in [line.box]
    )
    return entry.recalled(
        lines=lines,
        box=(0, 0, reading.width, reading.height),
        covered=0.0,
        inliers=0,
        confidence=0.0,
        transform=(1 / max(x, 1e-6), 0.0, 0.0, 0.0, 1 / max(y, 1e-6), 0.0),
    )
