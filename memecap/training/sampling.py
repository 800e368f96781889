"""The order of an epoch as a pure function of (seed, stage, epoch): which example, in which batch of which window.

A window is what one optimizer step sees: `accumulate` batches. Windows are cut first and batches after, so a window of
4 × 8 examples holds the same examples as one of 1 × 32, and P processes share each batch of the same window.

Every function here takes `lengths`: `lengths[c][i][k]` is the length (in any unit) of caption k of item i of corpus c.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from memecap.training.config import StageConfig

#: windows whose examples are sorted together: long enough to save padding, short enough to keep the order random
POOL = 50

Lengths = Sequence[Sequence[Sequence[int]]]


@dataclass(frozen=True, slots=True)
class SampleIndex:
    """One example of an epoch: items are numbered through all corpora; `number` seeds what is random about it."""

    item: int
    caption: int
    number: int


AccumulationWindow = list[list[SampleIndex]]


def n_examples(lengths: Lengths, stage: StageConfig) -> int:
    """Examples of an epoch."""
    return sum(
        round(mixed.weight * (len(items) if stage.captions == "one" else sum(map(len, items))))
        for mixed, items in zip(stage.corpora, lengths, strict=True)
    )


def n_windows(lengths: Lengths, stage: StageConfig) -> int:
    """Optimizer steps of an epoch."""
    return -(-n_examples(lengths, stage) // (stage.batch_size * stage.accumulate))


def n_steps(lengths: Lengths, stage: StageConfig) -> int:
    """Optimizer steps of the whole stage."""
    return stage.steps or (stage.epochs or 0) * n_windows(lengths, stage)


def windows(lengths: Lengths, stage: StageConfig, seed: Sequence[int]) -> list[AccumulationWindow]:
    """The windows of an epoch, in order."""
    rng = np.random.default_rng(list(seed))
    draws = _draw(lengths, stage, rng)
    order = rng.permutation(len(draws))
    size = stage.batch_size * stage.accumulate
    if stage.length_buckets and len(order):
        by_item = [captions for items in lengths for captions in items]
        keys = np.array([by_item[draw.item][draw.caption] for draw in draws])[order]
        pools = [slice(start, start + POOL * size) for start in range(0, len(order), POOL * size)]
        order = np.concatenate([order[pool][np.argsort(keys[pool], kind="stable")] for pool in pools])
    cut = [order[start : start + size] for start in range(0, len(order), size)]
    if stage.length_buckets:
        cut = [cut[place] for place in rng.permutation(len(cut))]
    return [_batches([draws[place] for place in window], stage.batch_size) for window in cut]


def _draw(lengths: Lengths, stage: StageConfig, rng: np.random.Generator) -> list[SampleIndex]:
    draws: list[SampleIndex] = []
    first = 0
    for mixed, items in zip(stage.corpora, lengths, strict=True):
        if stage.captions == "one":
            choices = [(i, -1) for i in range(len(items))]
        else:
            choices = [(i, k) for i, captions in enumerate(items) for k in range(len(captions))]
        whole, part = divmod(round(mixed.weight * len(choices)), len(choices) or 1)
        chosen = [*range(len(choices))] * whole + sorted(rng.permutation(len(choices))[:part].tolist())
        for i, k in (choices[place] for place in chosen):
            caption = int(rng.integers(len(items[i]))) if k < 0 else k
            draws.append(SampleIndex(first + i, caption, len(draws)))
        first += len(items)
    return draws


def _batches(draws: list[SampleIndex], size: int) -> AccumulationWindow:
    return [draws[start : start + size] for start in range(0, len(draws), size)]
