"""Invented: how many of the things that a caption names are named by no reference.

In: texts as they are written. Out:
    invented        concrete nouns outside the caption's quotes that no reference has in its scene, over all of them;
                    0..1, over the whole corpus; 0 where nothing is named
    named_things    concrete nouns a caption: nothing is invented by who names nothing

Concrete nouns are those of a list of things that can be seen (`assets/concrete_nouns_ru.txt`, some 900 lemmas); on a
line of it stand words that may stand for each other («пёс» for «собака», «человек» for «мужчина»). `synonyms` names a
file with further lines, which joins them: more words, more that may stand for each other.

Source: CHAIR, Rohrbach et al., arXiv 1809.02156, whose objects come from a detector; here people's references say what
is there. Limits: what people did not mention counts as invented though it be there; so do words of the list with
another sense; a word outside the list never counts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path

from pydantic import Field

from memecap.core import storage
from memecap.errors import MissingFileError
from memecap.metrics.base import Array, Metric, MetricConfig, Quantity, View, ratio
from memecap.metrics.overlap import content_words

Groups = Mapping[str, frozenset[int]]  # of each lemma, the lines that it stands on


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
        self._groups = groups(self.config.synonyms)

    @property
    def signature(self) -> str:
        more = "" if self.config.synonyms is None else f"+{storage.sha256_file(self.config.synonyms)[:8]}"
        return f"invented|concrete nouns:1{more}|pymorphy3|micro"

    def row(self, hypothesis: str, references: Sequence[str]) -> list[float]:
        there = {group for text in references for lemma in self.things(text) for group in self._groups[lemma]}
        named = self.things(hypothesis)
        return [sum(not (self._groups[lemma] & there) for lemma in named), len(named), 1]

    def scores(self, totals: Array) -> dict[str, Array]:
        invented, named, n = (totals[..., k] for k in range(3))
        return {"invented": ratio(invented, named), "named_things": ratio(named, n)}

    def things(self, caption: str) -> list[str]:
        """The different concrete nouns of a caption's scene, in the order of their first mention."""
        nouns = (word.lemma for word in content_words.scene_words(caption) if word.part == "noun")
        return [lemma for lemma in dict.fromkeys(nouns) if lemma in self._groups]


@cache
def groups(more: Path | None = None) -> Groups:
    """The groups of the package, and those of a file. Raises `MissingFileError` when it is not there."""
    if more is not None and not more.is_file():
        raise MissingFileError("no such file of synonyms", where=more, fix="Check the path.")
    own = (files("memecap.metrics") / "assets/concrete_nouns_ru.txt").read_text(encoding="utf-8")
    lines = [*own.splitlines(), *(more.read_text(encoding="utf-8").splitlines() if more else ())]
    found: defaultdict[str, set[int]] = defaultdict(set)
    for number, line in enumerate(lines):
        for word in line.lower().replace("ё", "е").replace(",", " ").split() if not line.startswith("#") else ():
            found[word].add(number)
    return {word: frozenset(numbers) for word, numbers in found.items()}
