"""A dataset → the accumulation windows of an epoch, each a list of micro-batches.

An accumulation window is what one optimizer step sees: `accumulate` batches. Its order is a pure function of (seed,
stage, epoch), and whatever is random about an example is seeded by its place, so an epoch can be entered at any step.
Windows are cut first and batches after, so a window of 4 × 8 examples holds the same examples as one of 1 × 32, and P
processes share each batch of the same window.

Functions of the order take `lengths`: `lengths[c][i][k]` is the length, in any unit, of caption k of item i of corpus
c.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch.utils.data import DataLoader

from memecap.core.parallel import chunks
from memecap.modeling.batch import Batch, collate
from memecap.reading.base import Reading
from memecap.training.config import StageConfig
from memecap.training.datasets import Dataset, Lengths

#: windows whose examples are sorted together: long enough to save padding, short enough to keep the order random
POOL = 50


@dataclass(frozen=True, slots=True)
class SampleIndex:
    """One example of an epoch: items are numbered through all corpora; `number` seeds what is random about it."""

    item: int
    caption: int
    number: int


AccumulationWindow = list[list[SampleIndex]]


@dataclass(frozen=True, slots=True)
class MicroBatch:
    """One process's part of a batch. A stand-in, where a process has nothing left to do, counts no tokens.

    `items` and `readings` say what the examples show; `rewards` are those of sampled captions (scst.py).
    """

    batch: Batch
    n_tokens: int
    items: tuple[int, ...] = ()
    readings: tuple[Reading | None, ...] = ()
    rewards: tuple[float, ...] = ()


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
    drawn = _draw(lengths, stage, rng)
    order = [drawn[place] for place in rng.permutation(len(drawn))]
    size = stage.batch_size * stage.accumulate
    if not stage.length_buckets:
        return [list(chunks(window, stage.batch_size)) for window in chunks(order, size)]
    by_item = [captions for items in lengths for captions in items]
    pools = chunks(order, POOL * size)
    order = [index for pool in pools for index in sorted(pool, key=lambda one: by_item[one.item][one.caption])]
    cut = list(chunks(order, size))
    return [list(chunks(cut[place], stage.batch_size)) for place in rng.permutation(len(cut))]


def _draw(lengths: Lengths, stage: StageConfig, rng: np.random.Generator) -> list[SampleIndex]:
    indices: list[SampleIndex] = []
    first = 0
    for mixed, items in zip(stage.corpora, lengths, strict=True):
        one = stage.captions == "one"  # and which one is drawn below
        choices = [(i, k) for i, captions in enumerate(items) for k in ((-1,) if one else range(len(captions)))]
        whole, part = divmod(round(mixed.weight * len(choices)), len(choices) or 1)
        chosen = [*range(len(choices))] * whole + sorted(rng.permutation(len(choices))[:part].tolist())
        for i, k in (choices[place] for place in chosen):
            caption = int(rng.integers(len(items[i]))) if k < 0 else k
            indices.append(SampleIndex(first + i, caption, len(indices)))
        first += len(items)
    return indices


def load_windows(
    dataset: Dataset,
    windows: Sequence[AccumulationWindow],
    *,
    seed: str,
    start: int = 0,
    rank: int = 0,
    n_processes: int = 1,
    n_workers: int = 0,
) -> Iterator[list[MicroBatch]]:
    """The windows of an epoch from `start` on, prepared by worker processes when there are any."""
    yield from DataLoader(
        windows,  # type: ignore[arg-type]  # a sequence does as well as a Dataset
        batch_size=None,
        sampler=range(start, len(windows)),
        num_workers=n_workers,
        collate_fn=partial(_micro_batches, dataset, seed, rank, n_processes),
        generator=torch.Generator().manual_seed(0),  # its own, so that loading never moves the global one
    )


def _micro_batches(
    dataset: Dataset, seed: str, rank: int, n_processes: int, window: AccumulationWindow
) -> list[MicroBatch]:
    return [_micro_batch(dataset, seed, batch[rank::n_processes], batch[:1]) for batch in window]


def _micro_batch(
    dataset: Dataset, seed: str, mine: Sequence[SampleIndex], stand_in: Sequence[SampleIndex]
) -> MicroBatch:
    examples, readings = [], []
    for index in mine or stand_in:
        place = f"{seed}/{index.number}"
        reading = dataset.reading(index.item, index.caption, place)
        image = dataset.image(index.item, place)
        examples.append(dataset.example(index.item, index.caption, image=image, reading=reading))
        readings.append(reading)
    batch = collate(examples, label_smoothing=dataset.stage.label_smoothing)
    items = tuple(index.item for index in mine or stand_in)
    return MicroBatch(batch, batch.n_tokens if mine else 0, items, tuple(readings))
