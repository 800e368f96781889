"""METEOR in nltk's formula: the harmonic mean of word precision and recall (9 : 1), less a penalty for
scattered matches.

In: words joined by spaces. Out: `meteor`, the mean over rows, 0..1; of several references a row takes the best.

A hypothesis word is matched greedily, from the end, stage by stage: the word itself, its Snowball stem, its
pymorphy3 lemma.

Source: Lavie and Agarwal 2007 as `nltk/translate/meteor_score.py` computes it (alpha .9, beta 3, gamma .5);
with the stages exact and snowball it equals nltk's with `SnowballStemmer("russian")` and an empty wordnet.
Limits: greedy alignment does not look for the fewest chunks; its numbers are not those of METEOR 1.5 (see meteor15).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Literal

from pydantic import Field

from memecap.errors import MissingFileError, UsageError
from memecap.metrics.base import Metric, MetricConfig, Quantity
from memecap.metrics.overlap.word_forms import lemma, stem

Stage = Literal["exact", "snowball", "lemma", "synonyms"]
ALPHA, BETA, GAMMA = 0.9, 3.0, 0.5
_USUAL: tuple[Stage, ...] = ("exact", "snowball")


class MeteorConfig(MetricConfig):
    stages: tuple[Stage, ...] = Field(_USUAL, min_length=1, description="ways to match a word, in order")
    synonyms: Path | None = Field(None, description="for the stage synonyms: a file with a group of them on each line")


class Meteor(Metric[MeteorConfig]):
    """Statistics of a row: its score, and 1."""

    Config = MeteorConfig

    def __init__(self, config: MeteorConfig | None = None) -> None:
        super().__init__(config)
        self._groups = read_synonyms(self.config.synonyms) if "synonyms" in self.config.stages else {}
        self._keys = [self._group if stage == "synonyms" else _KEYS[stage] for stage in self.config.stages]

    @property
    def _further(self) -> list[Stage]:
        return [stage for stage in self.config.stages if stage not in _USUAL]

    @property
    def quantities(self) -> list[Quantity]:
        label, label_ru = (" ".join(["METEOR", *(names[stage] for stage in self._further)]) for names in _LABELS)
        places = () if self._further else ("table", "epoch")
        return [Quantity(name=self.name, label=label, label_ru=label_ru, places=places)]

    @property
    def name(self) -> str:
        """`meteor`, followed by the stages beyond the usual two."""
        return "_".join(["meteor", *self._further])

    @property
    def signature(self) -> str:
        source = f"|synonyms:{self.config.synonyms.name}" if self.config.synonyms else ""
        return f"{self.name}|nltk|{'+'.join(self.config.stages)}|a:{ALPHA}|b:{BETA}|g:{GAMMA}{source}"

    def row(self, hypothesis: str, references: Sequence[str]) -> tuple[float, float]:
        return max(self._score(hypothesis.split(), reference.split()) for reference in references), 1.0

    def _group(self, word: str) -> str:
        return self._groups.get(lemma(word), word)

    def _score(self, hypothesis: list[str], reference: list[str]) -> float:
        pairs = align(hypothesis, reference, self._keys)
        if not pairs:
            return 0.0
        precision, recall = len(pairs) / len(hypothesis), len(pairs) / len(reference)
        mean = precision * recall / (ALPHA * precision + (1 - ALPHA) * recall)
        penalty: float = GAMMA * (n_chunks(pairs) / len(pairs)) ** BETA
        return (1 - penalty) * mean


_KEYS: dict[str, Callable[[str], str]] = {"exact": str.lower, "snowball": stem, "lemma": lemma}
#: of further stages: English, then Russian
_LABELS: tuple[dict[Stage, str], dict[Stage, str]] = (
    {"lemma": "with lemmas", "synonyms": "with synonyms"},
    {"lemma": "с леммами", "synonyms": "с синонимами"},
)


def read_synonyms(path: Path | None) -> dict[str, str]:
    """Lemma → the first word of its group; a word in several groups belongs to the first of them.

    Raises:
        UsageError: no file was given.
        MissingFileError: it is not there.
    """
    if path is None:
        fix = "Name it, or leave the stage out."
        raise UsageError("the stage synonyms needs a file", where="meteor: synonyms", fix=fix)
    if not path.exists():
        raise MissingFileError("no such file of synonyms", where=path, fix="Check the path.")
    groups: dict[str, str] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        words = [lemma(word.strip()) for word in line.replace(",", " ").split()]
        for word in words:
            groups.setdefault(word, words[0])
    return groups


def align(
    hypothesis: Sequence[str], reference: Sequence[str], keys: Sequence[Callable[[str], str]]
) -> list[tuple[int, int]]:
    """Pairs (place in the hypothesis, place in the reference) in the hypothesis's order.

    Each stage goes from the last word to the first and takes the last free reference word with an equal key.
    """
    pairs: dict[int, int] = {}
    taken: set[int] = set()
    for key in keys:
        places: defaultdict[str, list[int]] = defaultdict(list)
        for j, word in enumerate(reference):
            if j not in taken:
                places[key(word)].append(j)
        for i in reversed(range(len(hypothesis))):
            if i not in pairs and places.get(key(hypothesis[i])):
                pairs[i] = places[key(hypothesis[i])].pop()
                taken.add(pairs[i])
    return sorted(pairs.items())


def n_chunks(pairs: Sequence[tuple[int, int]]) -> int:
    """How many runs of neighbours, in one order on both sides, the pairs fall into."""
    return 1 + sum((b[0] - a[0], b[1] - a[1]) != (1, 1) for a, b in pairwise(pairs))
