"""What a sampled caption is worth: chrF2 (0..100) or CIDEr-D (0..10) against its picture's references, row by row.

CIDEr-D takes its document frequencies from all the references of the stage, so a caption's worth does not depend on the
batch that it stands in. Texts are prepared as `ru-words` prepares them.
"""

from __future__ import annotations

from collections.abc import Sequence

from memecap.metrics.base import Array
from memecap.metrics.chrf import Chrf, ChrfConfig
from memecap.metrics.cider import Cider, CiderConfig, count_frequencies
from memecap.scoring.presets import preset


class Reward:
    """The metric of a self-critical stage; `references` are those of each training item."""

    def __init__(self, name: str, references: Sequence[Sequence[str]]) -> None:
        self._prepare = preset("ru-words").prepare
        self.references = [[self._prepare(text, "text") for text in row] for row in references]
        self.metric: Chrf | Cider
        if name == "chrf2":
            self.metric = Chrf(ChrfConfig(name="chrf"))
        else:
            self.metric = Cider(CiderConfig(name="cider"))
            self.metric.frequencies = count_frequencies(self.references, "train")
        self.name = name

    def __call__(self, texts: Sequence[str], items: Sequence[int]) -> Array:
        """The worth [n] of texts, each a caption of an item."""
        rows = self.metric.statistics(
            [self._prepare(text, "text") for text in texts], [self.references[item] for item in items]
        )
        return self.metric.scores(rows)[self.name]
