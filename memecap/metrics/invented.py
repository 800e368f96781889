"""Invented: how many of the things that a caption names are named by no reference.

In: texts as they are written. Out:
    invented        concrete nouns outside the caption's quotes that no reference has in its scene, over all of them;
                    0..1, over the whole corpus; 0 where nothing is named
    named_things    concrete nouns a caption: nothing is invented by who names nothing

Concrete nouns are those of a list of things that can be seen (`assets/concrete_nouns_ru.txt`, some 2,000 lemmas), their
diminutives, and people; the list tells which words may stand for each other («пёс» for «собака», «человек» for
«мужчина»). `synonyms` names a file with further lines, which joins it: more words, more that may stand for each other.

Source: CHAIR, Rohrbach et al., arXiv 1809.02156, whose objects come from a detector; here people's references say what
is there. Limits: what people did not mention counts as invented though it be there; so do words of the list with
another sense; an inanimate word outside the list never counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydantic import Field

from memecap.core import storage
from memecap.metrics.base import Array, Metric, MetricConfig, Quantity, View, ratio
from memecap.metrics.overlap import things as nouns


class InventedConfig(MetricConfig):
    view: View = Field("written", description="as it is written: the scene is found in it")
    synonyms: Path | None = Field(None, description="a file with further groups of nouns, one on each line")


class Invented(Metric[InventedConfig]):
    """Statistics of a row: invented things, things, 1."""

    Config = InventedConfig
    quantities = (
        Quantity(
            name="invented", label="Invented things", label_ru="Выдумано", direction="lower", places=("table", "curve")
        ),
        Quantity(
            name="named_things",
            label="Things named",
            label_ru="Названо предметов",
            direction="neither",
            unit=1,
            decimals=2,
            places=(),
        ),
    )

    def __init__(self, config: InventedConfig | None = None) -> None:
        super().__init__(config)
        self._groups = nouns.groups_of(self.config.synonyms)

    @property
    def signature(self) -> str:
        more = "" if self.config.synonyms is None else f"+{storage.sha256_file(self.config.synonyms)[:8]}"
        return f"invented|concrete nouns:2{more}|pymorphy3|micro"

    def row(self, hypothesis: str, references: Sequence[str]) -> list[float]:
        there = frozenset[nouns.Mark]().union(*(nouns.named(text, self._groups) for text in references))
        said = nouns.things(hypothesis, self._groups)
        return [sum(not nouns.stands_for(marks, there) for marks in said.values()), len(said), 1]

    def scores(self, totals: Array) -> dict[str, Array]:
        invented, named, n = (totals[..., k] for k in range(3))
        return {"invented": ratio(invented, named), "named_things": ratio(named, n)}

    def things(self, caption: str) -> list[str]:
        """The different concrete nouns of a caption's scene, in the order of their first mention."""
        return list(nouns.things(caption, self._groups))
