"""Candidates of a captioner → the captions to show, best first.

Minimum Bayes risk: of many samples, the one most like all the others. It finds the length and the wording on which the
samples agree, where beam search finds short captions.
Source: Kumar & Byrne 2004 (minimum Bayes risk); the similarity is F of unigrams and bigrams, and
recall counts for more: a description that leaves out what most samples say is the worse mistake.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from memecap.captioners.base import Caption, Captioner
from memecap.decoding.searches import MBR, Decoding
from memecap.modeling.batch import Images
from memecap.reading.base import Reading
from memecap.text.quotes import scene

ORDERS = (1, 2)
LOOP = 4  # words
NGrams = Counter[tuple[str, ...]]


def describe(
    captioner: Captioner,
    images: Images | None,
    readings: Sequence[Reading | None],
    decoding: Decoding,
) -> list[list[Caption]]:
    """`captioner.generate` for any decoding: candidates of each picture, best first, with what they were chosen by."""
    if not isinstance(decoding, MBR):
        found = captioner.generate(images, readings, decoding)
        return [[replace(caption, score=nats_per_token(caption)) for caption in captions] for captions in found]
    sampled = captioner.generate(images, readings, decoding.sampling())
    return [by_consensus(*pair, decoding) for pair in zip(sampled, readings, strict=True)]


def by_consensus(candidates: Sequence[Caption], reading: Reading | None, decoding: MBR) -> list[Caption]:
    """By similarity to the others and by what they quote; captions without an end or with a loop stand last."""
    similarity = consensus([caption.text for caption in candidates], beta=decoding.recall)
    worth = [
        like + decoding.reading * quoted_share(caption, reading)
        for caption, like in zip(candidates, similarity, strict=True)
    ]
    flawed = [not caption.finished or loops(caption.text) for caption in candidates]
    order = sorted(range(len(candidates)), key=lambda i: (flawed[i], -worth[i]))
    return [replace(candidates[i], score=worth[i]) for i in order]


def nats_per_token(caption: Caption) -> float | None:
    """The mean log-probability of the caption's tokens, None where it is not known."""
    if caption.log_probability is None:
        return None
    return caption.log_probability / max(len(caption.token_ids), 1)


def consensus(texts: Sequence[str], *, beta: float = 1.0) -> list[float]:
    """The mean similarity of each text to all, 0..1: F-beta, recall being the share of the others that it repeats."""
    counts = [_ngrams(text) for text in texts]
    return [sum(_similarity(one, other, beta) for other in counts) / len(texts) for one in counts]


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
        (1 + beta**2) * _size(mine & theirs) / max(1.0, _size(mine) + beta**2 * _size(theirs))
        for mine, theirs in zip(one, other, strict=True)
    ]
    return sum(scores) / len(scores)


def _size(counts: NGrams) -> int:
    return sum(counts.values())
