"""Minimum Bayes risk: of many samples, the one most like all the others.

It finds the length and the wording on which the samples agree, where beam search finds short captions.
Source: Kumar & Byrne 2004 (minimum Bayes risk); the similarity is F of unigrams and bigrams, and recall counts for
more: a description that leaves out what most samples say is the worse mistake.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from pydantic import Field

from memecap.decoding.base import Search
from memecap.decoding.nucleus import Nucleus
from memecap.reading.base import Reading
from memecap.text.quotes import scene

if TYPE_CHECKING:
    from memecap.modeling.outputs import Caption

ORDERS = (1, 2)
LOOP = 4  # words
SUREST = 0.99  # that a picture is the same: the odds stay finite
NGrams = Counter[tuple[str, ...]]


class MBR(Search):
    name: str = "mbr"
    n_samples: int = Field(24, ge=2, description="captions sampled for a picture")
    top_p: float = Field(0.95, gt=0, le=1, description="probability mass kept")
    top_k: int = Field(0, ge=0, description="tokens kept at most; 0: no limit")
    temperature: float = Field(0.8, gt=0, description="below one sharpens the distribution")
    seed: int = Field(0, ge=0, description="seed of the sampling")
    recall: float = Field(5.0, gt=0, description="beta of the similarity: above one favours captions that say more")
    reading: float = Field(2.0, ge=0, description="weight of the share of the reading that a caption quotes")
    retold: bool = Field(True, description="prefer what people said of such pictures, where a captioner is told that")
    retold_recall: float = Field(2.5, gt=0, description="beta of the similarity among what people said")
    vote: float = Field(0.25, ge=0, description="weight of a sample where people's descriptions are chosen from")

    def candidates(self) -> Nucleus:
        shared = self.model_dump(exclude={"name", "n_samples", "recall", "reading", "retold_recall", "vote"})
        return Nucleus(**shared, n_candidates=self.n_samples)

    def choose(self, candidates: Sequence[Caption], reading: Reading | None) -> list[Caption]:
        """By similarity to the others and by what they quote; captions without an end or with a loop stand last.

        Where people described such pictures their words stand first, and the samples only vote on them.
        """
        told = any(caption.source for caption in candidates)
        weights = [self._weight(caption, len(candidates)) for caption in candidates] if told else None
        beta = self.retold_recall if told else self.recall
        similarity = consensus([caption.text for caption in candidates], beta=beta, weights=weights)
        scores = [
            like + self.reading * quoted_share(caption, reading)
            for caption, like in zip(candidates, similarity, strict=True)
        ]
        ranks = [
            (told and not caption.source, not caption.finished or loops(caption.text), -score)
            for caption, score in zip(candidates, scores, strict=True)
        ]
        order = sorted(range(len(candidates)), key=ranks.__getitem__)
        return [replace(candidates[i], score=scores[i]) for i in order]

    def _weight(self, caption: Caption, n: int) -> float:
        """How often a description like this is expected, that of a picture with a text like this counting once.

        What was said of the same picture stands against all n candidates together, by the odds that it is the same.
        """
        if caption.source is None:
            return self.vote
        if caption.source.by == "text":
            return 1.0
        sure = min(caption.source.confidence, SUREST)
        return n * sure / (1 - sure)


def consensus(texts: Sequence[str], *, beta: float = 1.0, weights: Sequence[float] | None = None) -> list[float]:
    """The mean similarity of each text to all, 0..1: F-beta, recall being the share of the others that it repeats.

    `weights` say how much each of the others counts.
    """
    counts = [_ngrams(text) for text in texts]
    each = weights or [1.0] * len(texts)
    return [
        sum(_similarity(one, other, beta) * weight for other, weight in zip(counts, each, strict=True)) / sum(each)
        for one in counts
    ]


def quoted_share(caption: Caption, reading: Reading | None) -> float:
    """The share of the reading's words, weighted by their lines' confidence, that stand in the caption's quotes."""
    quoted = Counter(word for quote in caption.quotes for word in words_of(quote.text))
    read: Counter[str] = Counter()
    weights: dict[str, float] = {}
    for line in reading.lines if reading else ():
        for word in words_of(line.said):
            read[word] += 1
            weights[word] = max(weights.get(word, 0.0), line.confidence)
    total = sum(weights[word] * count for word, count in read.items())
    return sum(weights[word] * count for word, count in (read & quoted).items()) / total if total else 0.0


def loops(text: str) -> bool:
    """Outside its quotes a caption says some four words twice."""
    words = words_of(scene(text))
    runs = Counter(tuple(words[i : i + LOOP]) for i in range(len(words) - LOOP + 1))
    return any(count > 1 for count in runs.values())


def words_of(text: str) -> list[str]:
    """Lower-case words, ё as е."""
    return re.findall(r"\w+", text.lower().replace("ё", "е"))


def _ngrams(text: str) -> list[NGrams]:
    words = words_of(text)
    return [Counter(tuple(words[i : i + n]) for i in range(len(words) - n + 1)) for n in ORDERS]


def _similarity(one: Sequence[NGrams], other: Sequence[NGrams], beta: float) -> float:
    """F-beta of the shared n-grams, mean over the orders."""
    scores = [
        (1 + beta**2) * (mine & theirs).total() / max(1.0, mine.total() + beta**2 * theirs.total())
        for mine, theirs in zip(one, other, strict=True)
    ]
    return sum(scores) / len(scores)
