"""From the words that several passes saw on one picture to its reading: merge, order, repair, confidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from memecap.reading.base import Reading
from memecap.reading.engine.calibration import Weights
from memecap.reading.engine.confidence import as_line, features, probability
from memecap.reading.engine.layout import in_reading_order
from memecap.reading.engine.merge import Places, Row, merge
from memecap.reading.engine.passes import Word
from memecap.reading.engine.repair import repair
from memecap.reading.engine.roles import HANDLE, with_roles

MERGE = 6  # grows when equal words begin to give other lines


@dataclass(frozen=True, slots=True)
class Page:
    """What was seen on one picture: raw words, by pass."""

    size: tuple[int, int]  # width and height of the picture, pixels
    looks: Sequence[Sequence[Word]] = ()  # passes over the whole picture
    crops: Sequence[Sequence[Word]] = ()  # passes over the lines that the detector found

    def rows(self) -> list[Row]:
        """The rows in reading order and repaired, doubtful ones too."""
        return repair(in_reading_order(merge(self.looks, self.crops)))

    def counted(self, rows: Sequence[Row]) -> list[dict[str, float]]:
        """The features of each row."""
        found = Places([word for words in self.crops for word in words]) if self.looks and self.crops else None
        n_passes = len(self.looks) + len(self.crops)
        return [features(row, rows, picture_height=self.size[1], n_passes=n_passes, found=found) for row in rows]

    def reading(self, reader: str, weights: Weights, min_confidence: float) -> Reading:
        """The lines that are at least so likely right, and those with an @name."""
        rows = self.rows()
        lines = [as_line(row, probability(each, weights)) for row, each in zip(rows, self.counted(rows), strict=True)]
        kept = [line for line in lines if line.confidence >= min_confidence or HANDLE.search(line.text)]
        return Reading(tuple(with_roles(kept, self.size[1])), *self.size, reader)
