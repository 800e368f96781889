"""Floors: systems that see or learn nothing, against which a table of scores must be read.

`random_caption` and `constant` look at nothing; `template` reads without training; `template_constant` and
`template_random` quote what it quotes after the best constant scene and the scene of a random training caption;
`remember` retells what a memory knows, where one is given;
`shuffled_pictures` is the captioner given another row's picture and reading, `shuffled_pixels` another row's picture
only.

A constant caption's clipped n-gram matches against a whole split need only how many references hold each n-gram so
often: each candidate is then scored against every training caption in time linear in its own length.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import TypeVar

import numpy as np

from memecap.errors import DataError
from memecap.evaluation.captions import Described, Write, describe
from memecap.evaluation.tasks import Task
from memecap.inference.described import DEFAULT_MODEL as TEMPLATE
from memecap.inference.load import load_captioner
from memecap.inference.pipeline import Pipeline
from memecap.metrics.chrf import f_score
from memecap.metrics.overlap.ngrams import ngrams
from memecap.text.quotes import scene

Item = TypeVar("Item")
REMEMBER = "remember"
ORDER, BETA = 6, 2
CANDIDATES = 4000


def every_floor(
    pipeline: Pipeline, ours: Described, training: Sequence[str], tasks: Sequence[Task], *, seed: int = 0
) -> Iterator[Described]:
    """The floors of a captioner on some tasks. Raises `DataError` when there are no training captions.

    Args:
        ours: how the captioner itself is run.
    """
    if not training:
        raise DataError("no training captions to make floors of", fix="Build the corpus with a train split.")
    ids = [task.row.image_id for task in tasks]
    drawn = dict(zip(ids, random_captions(training, len(ids), seed=seed), strict=True))
    yield Described("random_caption", tasks, lambda batch: [drawn[task.row.image_id] for task in batch])
    constant = best_constant(training, seed=seed)
    yield Described("constant", tasks, lambda batch: [constant] * len(batch))
    template = load_captioner(TEMPLATE, reader=None, device="cpu")
    if pipeline.captioner.config.name != TEMPLATE:
        yield Described(TEMPLATE, tasks, partial(describe, template))
    if pipeline.memory is not None and pipeline.captioner.config.name != REMEMBER:
        remember = load_captioner(REMEMBER, reader=None, memory=pipeline.memory, device="cpu")
        yield Described(REMEMBER, tasks, partial(describe, remember))
    scene = best_scene(training, seed=seed)
    scenes = dict(zip(ids, random_scenes(training, len(ids), seed=seed), strict=True))
    yield Described("template_constant", tasks, _quoting(template, lambda task: scene))
    yield Described("template_random", tasks, _quoting(template, lambda task: scenes[task.row.image_id]))
    others = derangement(tasks, seed=seed)
    yield replace(ours, name="shuffled_pictures", shown=others)
    if pipeline.sees:
        swapped = [replace(task, picture=other.picture) for task, other in zip(tasks, others, strict=True)]
        yield replace(ours, name="shuffled_pixels", shown=swapped)


def _quoting(template: Pipeline, scene: Callable[[Task], str]) -> Write:
    """What the template quotes of the same reading, after another scene."""

    def write(batch: Sequence[Task]) -> list[str]:
        captions = template.describe([task.picture for task in batch], [task.reading for task in batch])
        quoted = [" ".join(quote.text for quote in caption.quotes) for caption in captions]
        return [compose(scene(task), text) for task, text in zip(batch, quoted, strict=True)]

    return write


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
    totals = np.empty((len(candidates), 3 * ORDER))
    for n in range(1, ORDER + 1):
        held = Counter(gram for caption in captions for gram in _numbered(caption, n))
        found = [_numbered(candidate, n) for candidate in candidates]
        totals[:, 3 * n - 3] = [len(captions) * len(grams) for grams in found]
        totals[:, 3 * n - 2] = held.total()
        totals[:, 3 * n - 1] = [sum(held[gram] for gram in grams) for grams in found]
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


def _numbered(text: str, n: int) -> list[tuple[Hashable, int]]:
    """A text's n-grams of letters, the first of a kind with 0, the next with 1, …: clipped matches are equal ones."""
    letters = "".join(text.lower().replace("ё", "е").split())
    return [(gram, number) for gram, count in ngrams(letters, n).items() for number in range(count)]


def derangement(items: Sequence[Item], *, seed: int = 0) -> list[Item]:
    """The items in a random order in which none stands at its own place (one item alone stays)."""
    order = list(range(len(items)))
    random.Random(seed).shuffle(order)
    moved = list(items)
    for here, there in zip(order, order[1:] + order[:1], strict=True):
        moved[here] = items[there]
    return moved
