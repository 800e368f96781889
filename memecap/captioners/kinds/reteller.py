"""Descriptions that people wrote, told of the picture in front of us: candidates that nobody has to learn to write.

In: a reading with its recollections; what a memory holds. Out: captions around the lines read here, each with the
`source` whose words it says; of a picture that nobody described before, those of pictures with a text like its own.
"""

from __future__ import annotations

from collections.abc import Iterable

from memecap.memory.attribution import Attribution
from memecap.memory.entry import Entry
from memecap.memory.recollection import Recollection
from memecap.modeling.outputs import Caption
from memecap.quoting.alike import Alike
from memecap.quoting.retelling import retell
from memecap.quoting.slots import to_caption
from memecap.reading.base import Reading


class Reteller:
    """Retells what is known of a picture, and guesses from its text alone where nothing is.

    Args:
        min_confidence: recollections below it are not retold.
        n_alike: how many descriptions of pictures with a text like this are told, where the picture is not known.
    """

    def __init__(self, *, min_confidence: float, n_alike: int) -> None:
        self._min_confidence, self._n_alike = min_confidence, n_alike
        self._alike: Alike | None = None

    def know(self, entries: Iterable[Entry]) -> None:
        """Everything that a memory holds, to find texts that are alike."""
        self._alike = Alike(entries)

    def tell(self, reading: Reading | None) -> list[Caption]:
        """The surest first; none where nothing is remembered."""
        found = [one for one in (reading.recollections if reading else ()) if self._is_told(one)]
        if not found and reading is not None and self._alike is not None and self._n_alike:
            found = self._alike.find(reading, self._n_alike)
        return [_told(one, caption, reading) for one in found for caption in one.captions]

    def _is_told(self, found: Recollection) -> bool:
        return found.inliers > 0 and found.confidence >= self._min_confidence


def _told(found: Recollection, caption: str, reading: Reading | None) -> Caption:
    text, quotes = to_caption(retell(found, reading, caption=caption), reading)
    return Caption(text=text, quotes=quotes, source=Attribution.of(found, caption), score=found.confidence)
