"""Floors that need no model: what a table of scores must be read against.

In: the captions of the training split. Out: captions for n pictures that nobody has looked at.

A constant caption's clipped n-gram matches against a whole split need only, for each n-gram and count, how
many references hold it so often: each candidate is then scored against every training caption in time linear
in its own length.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from typing import TypeVar

import numpy as np

from memecap.metrics.chrf import f_score
from memecap.metrics.overlap.ngrams import ngrams
from memecap.text.quotes import scene

Item = TypeVar("Item")
ORDER, BETA = 6, 2
CANDIDATES = 4000


def random_captions(captions: Sequence[str], n: int, *, seed: int = 0) -> list[str]:
    """n training captions drawn at random."""
    generator = random.Random(seed)
    return [generator.choice(captions) for _ in range(n)]


def best_constant(captions: Sequence[str], *, seed: int = 0) -> str:
    """The training caption, or sentence of one, with the best corpus chrF2 against all training captions."""
    from razdel import sentenize

    pieces = {sentence.text for caption in captions for sentence in sentenize(caption)} | set(captions)
    candidates = sorted(piece for piece in pieces if piece.strip())
    if len(candidates) > CANDIDATES:
        candidates = random.Random(seed).sample(candidates, CANDIDATES)
    held = [_held(captions, n) for n in range(1, ORDER + 1)]
    wanted = [sum(map(sum, levels.values())) for levels in held]
    rows = [[_matched(candidate, n, levels) for n, levels in enumerate(held, 1)] for candidate in candidates]
    sizes = [[max(0, len(_letters(candidate)) - n) for n in range(ORDER)] for candidate in candidates]
    totals = np.empty((len(candidates), 3 * ORDER))
    totals[:, 0::3] = np.array(sizes) * len(captions)
    totals[:, 1::3] = wanted
    totals[:, 2::3] = rows
    return candidates[int(np.argmax(f_score(totals, BETA)))]


def best_scene(captions: Sequence[str], *, seed: int = 0) -> str:
    """The scene with the best corpus chrF2 against the scenes of all training captions: what stands outside quotes."""
    scenes = _scenes(captions)
    return bare_scene(best_constant(scenes, seed=seed)) if scenes else ""


def random_scenes(captions: Sequence[str], n: int, *, seed: int = 0) -> list[str]:
    """The scenes of n training captions drawn at random, of those that have one."""
    scenes = _scenes(captions)
    return random_captions(scenes, n, seed=seed) if scenes else [""] * n


def compose(scene: str, quoted: str) -> str:
    """A caption of a scene and a quote, such as `на картинке надпись: "…".`; either may be empty."""
    parts = [*([scene] if scene else []), *([f'"{quoted}"'] if quoted else [])]
    return ": ".join(parts) + "." if parts else ""


def bare_scene(caption: str) -> str:
    """A caption without its quotes, and without the marks that led to them: it can stand before a colon."""
    text = re.sub("[\"«»„“”‘`]|<<|>>|''", "", scene(caption))  # a mark that was never closed would quote on
    text = re.sub(r"\s+(?=[.,:;!?…])", "", text)
    text = re.sub(r"[.,:;!?…]*(?=[.!?…])", "", text)  # «надпись: "да". кот» → «надпись. кот»
    return text.strip(" \t.,:;!?…—–-")


def _scenes(captions: Sequence[str]) -> list[str]:
    return [bare for caption in captions if (bare := bare_scene(caption))]


def _held(captions: Sequence[str], n: int) -> dict[Hashable, list[int]]:
    """n-gram → how many of the captions hold it at least once, twice, …"""
    held: defaultdict[Hashable, list[int]] = defaultdict(list)
    for caption in captions:
        for gram, count in ngrams(_letters(caption), n).items():
            levels = held[gram]
            levels += [0] * (count - len(levels))
            for level in range(count):
                levels[level] += 1
    return held


def _matched(candidate: str, n: int, levels: Mapping[Hashable, list[int]]) -> int:
    """n-grams that the candidate shares with the captions, summed over all of them."""
    found = ngrams(_letters(candidate), n)
    return sum(sum(levels.get(gram, ())[:count]) for gram, count in found.items())


def _letters(text: str) -> str:
    return "".join(text.lower().replace("ё", "е").split())


def derangement(items: Sequence[Item], *, seed: int = 0) -> list[Item]:
    """The items in a random order in which none stands at its own place (one item alone stays)."""
    order = list(range(len(items)))
    random.Random(seed).shuffle(order)
    moved = list(items)
    for here, there in zip(order, order[1:] + order[:1], strict=True):
        moved[here] = items[there]
    return moved
