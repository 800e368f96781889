"""What was said of this picture before, with what stands on it now: no training, no network, somebody's own words.

In: readings with their recollections. Out: the remembered description whose quotes became the lines read here; of
several, the one most like the others, the surest counting most. Of a picture that nobody described before, the
description of one with such a text, where a memory is given; without a memory, what the template says.
Source: Gleason et al. 2019, "Making Memes Accessible" (there with templates written by hand).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pydantic import Field

from memecap.captioners.base import Captioner, Readings
from memecap.captioners.kinds.reteller import Reteller
from memecap.core.config import PartConfig
from memecap.decoding.base import Search
from memecap.decoding.mbr import consensus
from memecap.memory.entry import Entry
from memecap.modeling.batch import Images
from memecap.modeling.outputs import Caption
from memecap.quoting import template
from memecap.reading.base import Reading


class Remember(Captioner):
    """Retells; what it cannot retell it guesses from the text alone, and says so in the caption's `source`."""

    class Config(PartConfig):
        name: str = "remember"
        min_confidence: float = Field(0.5, ge=0, le=1, description="recollections below it are not retold")
        n_alike: int = Field(
            16, ge=0, description="descriptions of pictures with a text like this that are weighed, where none is known"
        )
        recall: float = Field(2.5, gt=0, description="beta of their likeness: above one favours those that say more")

    def __init__(self, config: Remember.Config) -> None:
        super().__init__()
        self.config: Remember.Config = config
        self._reteller = Reteller(min_confidence=config.min_confidence, n_alike=config.n_alike)

    def know(self, entries: Iterable[Entry]) -> None:
        self._reteller.know(entries)

    def generate(self, images: Images | None, readings: Readings, search: Search) -> list[list[Caption]]:
        return [self._describe(reading) for reading in readings]

    def _describe(self, reading: Reading | None) -> list[Caption]:
        told = self._reteller.tell(reading)
        return self._best(told) if told else [Caption(*template.describe(reading))]

    def _best(self, told: Sequence[Caption]) -> list[Caption]:
        """By likeness to the others, each as heavy as it is sure."""
        sure = [caption.source.confidence if caption.source and caption.source.inliers else 1.0 for caption in told]
        scores = consensus([caption.text for caption in told], beta=self.config.recall, weights=sure)
        return [told[i] for i in sorted(range(len(told)), key=lambda i: -scores[i])]
