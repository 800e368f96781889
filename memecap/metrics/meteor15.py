"""METEOR 1.5 with its Russian or English parameters: an alignment with the most words in the fewest chunks, function
words weighed.

In: words joined by spaces. Out: `meteor15`, 0..1, of the summed statistics of the corpus; of several
references a row takes the best. Equal to `java -jar meteor-1.5.jar -l ru -m "exact stem"` or `-l en` likewise; the
language is a setting, or else that of most letters of the references, and the signature names it:
    ru  alpha .75  beta 1.40  gamma .70  delta .50  weights 1 and .5
    en  alpha .85  beta  .20  gamma .60  delta .75  weights 1 and .6

Source: Denkowski and Lavie 2014, `cmu-mtlab/meteor`: its beam search with its own habits, since they decide
ties (a stem match counts nothing while paths are compared; a match chosen at a free word does not add its own
distance). The function words are the jar's `function/{russian,english}.words`: the commonest tokens of its training
texts.
Limits: no synonyms and no paraphrases. The jar has none for Russian; for English it has both (WordNet, 60 MB
of paraphrases) and the COCO toolkit uses them, so its English METEOR is another, higher number.

h words of the hypothesis, r words of the reference.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
from pydantic import Field

from memecap.metrics.base import Array, Metric, MetricConfig, Quantity, best, ratio
from memecap.metrics.overlap.word_forms import stem

BEAM = 40  # partial alignments kept at each word, as the jar keeps them
NOWHERE = -1

Chosen: TypeAlias = Any  # None, or (the matches before, the last match)

_ASSETS = Path(__file__).parent / "assets"


class Parameters(NamedTuple):
    """What METEOR 1.5 was tuned to for a language."""

    stem: Callable[[str], str]
    alpha: float
    beta: float
    gamma: float
    delta: float
    weights: tuple[float, float]  # of exact matches, of equal stems


class Meteor15Config(MetricConfig):
    language: Literal["ru", "en"] | None = Field(
        None, description="whose parameters, stems and function words; null: the references' own, by their letters"
    )


class Meteor15(Metric[Meteor15Config]):
    """Statistics of a row: weighted words of h and r, weighted matches of h and r, matches, chunks (0: all is one)."""

    Config = Meteor15Config
    cost = "slow"
    quantities = (Quantity(name="meteor15", label="METEOR 1.5", places=()),)

    @property
    def language(self) -> str:
        return self.config.language or "ru"  # `scoring` has looked at the references

    @property
    def parameters(self) -> Parameters:
        return PARAMETERS[self.language]

    @property
    def signature(self) -> str:
        _, alpha, beta, gamma, delta, _ = self.parameters
        return f"meteor15|{self.language}|exact+stem|a:{alpha}|b:{beta}|g:{gamma}|d:{delta}"

    def scores(self, totals: Array) -> dict[str, Array]:
        words_h, words_r, found_h, found_r, matches, chunks = np.moveaxis(totals, -1, 0)
        precision, recall = ratio(found_h, words_h), ratio(found_r, words_r)
        _, alpha, beta, gamma, _, _ = self.parameters
        mean = ratio(precision * recall, (1 - alpha) * recall + alpha * precision)
        return {"meteor15": mean * (1 - gamma * ratio(chunks, matches) ** beta)}

    def row(self, hypothesis: str, references: Sequence[str]) -> tuple[float, ...]:
        pairs = [self._pair(hypothesis.split(), reference.split()) for reference in references]
        return best(pairs, lambda pair: float(self.scores(np.array(pair, dtype=np.float64))["meteor15"]))

    def _pair(self, hypothesis: Sequence[str], reference: Sequence[str]) -> tuple[float, ...]:
        matches, chunks = align(hypothesis, reference, self.parameters.stem)
        weights = self.parameters.weights
        found_h = sum(weights[stage] * self._weight(hypothesis[i]) for i, _, stage in matches)
        found_r = sum(weights[stage] * self._weight(reference[j]) for _, j, stage in matches)
        sizes = sum(map(self._weight, hypothesis)), sum(map(self._weight, reference))
        whole = len(matches) == len(hypothesis) == len(reference) and chunks == 1
        return (*sizes, found_h, found_r, len(matches), 0 if whole else chunks)

    def _weight(self, word: str) -> float:
        delta = self.parameters.delta
        return 1 - delta if word.lower() in _function_words(self.language) else delta


class _Path(NamedTuple):
    """A partial alignment: the first three decide its rank, so paths are sorted by them and nothing else."""

    missing: int = 0  # minus the exact matches so far
    chunks: int = 0
    distance: int = 0
    end: int = NOWHERE  # the place in h that would continue the open chunk
    used: int = 0  # words of h that are taken, a bit each
    chosen: Chosen = None


def align(
    hypothesis: Sequence[str], reference: Sequence[str], stem: Callable[[str], str]
) -> tuple[list[tuple[int, int, int]], int]:
    """The alignment, as (place in h, place in r, stage), and its number of chunks."""
    options = _options(hypothesis, reference, stem)
    coverage = Counter(i for matches in options for i, _ in matches)
    fixed = [len(matches) == 1 and coverage[matches[0][0]] == 1 for matches in options]
    taken = sum(1 << matches[0][0] for matches, sure in zip(options, fixed, strict=True) if sure)
    paths = [_Path(used=taken)]
    for j, matches in enumerate(options):
        paths = sorted(paths, key=_rank)[:BEAM]
        if fixed[j]:
            ((i, stage),) = matches
            paths = [_take(path, i, j, stage, path.distance + abs(i - j)) for path in paths]
        else:
            paths = [branch for path in paths for branch in _branches(path, j, matches)]
    closed = [_skip(path, path.distance) for path in sorted(paths, key=_rank)[:BEAM]]
    best = min(closed, key=_rank)
    return _unfold(best.chosen), best.chunks


def _branches(path: _Path, j: int, matches: Sequence[tuple[int, int]]) -> list[_Path]:
    """The path with each free match for word j of r, and, last, with none."""
    branches, distance = [], path.distance
    for i, stage in matches:
        if not path.used >> i & 1:
            branches.append(_take(path, i, j, stage, distance))
            distance += abs(i - j)
    branches.append(_skip(path, distance))
    return branches


def _take(path: _Path, i: int, j: int, stage: int, distance: int) -> _Path:
    """The path with word i of h matched to word j of r."""
    missing, chunks, _, end, used, chosen = path
    broken = end != NOWHERE and end != i
    return _Path(missing - (stage == 0), chunks + broken, distance, i + 1, used | 1 << i, (chosen, (i, j, stage)))


def _skip(path: _Path, distance: int) -> _Path:
    """The path with its open chunk ended."""
    missing, chunks, _, end, used, chosen = path
    return _Path(missing, chunks + (end != NOWHERE), distance, NOWHERE, used, chosen)


def _rank(path: _Path) -> tuple[int, int, int]:
    return path[:3]


def _unfold(chosen: Chosen) -> list[tuple[int, int, int]]:
    """The matches of a path, first to last."""
    found = []
    while chosen is not None:
        chosen, match = chosen
        found.append(match)
    return found[::-1]


def _options(
    hypothesis: Sequence[str], reference: Sequence[str], stem: Callable[[str], str]
) -> list[list[tuple[int, int]]]:
    """For each word of r, the (place in h, stage) that could match it: equal words, then equal stems of other words."""
    options: list[list[tuple[int, int]]] = [[] for _ in reference]
    stages: list[Callable[[str], str]] = [str, stem]
    for stage, key in enumerate(stages[:1] if list(hypothesis) == list(reference) else stages):
        places: defaultdict[str, list[int]] = defaultdict(list)
        for i, word in enumerate(hypothesis):
            places[key(word)].append(i)
        for j, word in enumerate(reference):
            options[j] += [(i, stage) for i in places.get(key(word), ()) if stage == 0 or hypothesis[i] != word]
    return options


def _russian_stem(word: str) -> str:
    """The stem of the Snowball of that day, to which ё was no vowel, nor part of any ending."""
    return stem(word.replace("ё", "#"))


PARAMETERS = {
    "ru": Parameters(_russian_stem, 0.75, 1.40, 0.70, 0.50, (1.0, 0.5)),
    "en": Parameters(partial(stem, language="english"), 0.85, 0.20, 0.60, 0.75, (1.0, 0.6)),
}


@cache
def _function_words(language: str) -> frozenset[str]:
    return frozenset((_ASSETS / f"meteor15_function_words_{language}.txt").read_text(encoding="utf-8").split("\n"))
