"""Items of a stage → windows of batches.

Out: for each optimizer step a list of shares, one a forward. Whatever is random about an example is seeded by its place
in the epoch, so an epoch can be entered at any step.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from memecap.captioners.base import TrainableCaptioner
from memecap.modeling.batch import Batch, Example, Images, collate, stack
from memecap.reading.base import Reading
from memecap.training import sampling
from memecap.training.augmentation import augment
from memecap.training.items import Item
from memecap.training.sight import ImageInputs
from memecap.training.simulated_reading import simulate_reading


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


class Examples:
    """Items → the captioner's examples."""

    def __init__(
        self,
        captioner: TrainableCaptioner,
        items: Sequence[Item],
        sight: ImageInputs | None,
        *,
        simulate: bool,
        augmented: bool = False,
        rotation_degrees: float = 0.0,
        label_smoothing: float = 0.0,
        line_dropout: float = 0.0,
    ) -> None:
        self.captioner = captioner
        self.items = items
        self.sight = sight
        self.simulate = simulate
        self.augmented = augmented
        self.rotation_degrees = rotation_degrees
        self.label_smoothing = label_smoothing
        self.line_dropout = line_dropout

    def make(self, item: int, caption: int, seed: str, *, shown: int | None = None) -> Example:
        """The example of a caption; `seed` decides the noise of a simulated reading and the picture's change.

        With `shown`, picture and reading are another item's.
        """
        text = self.items[item].captions[caption]
        if shown is not None and shown != item:
            item, caption = shown, 0
        image = self._look(self.items[item], seed) if self.sight else None
        return self.captioner.example(text, image=image, reading=self.reading(item, caption, seed))

    def reading(self, item: int, caption: int, seed: str) -> Reading | None:
        """What the captioner is told of the picture's text."""
        chosen = self.items[item]
        if chosen.reading is None and self.simulate:
            return simulate_reading(chosen.captions[caption], random.Random(seed))
        if chosen.reading is None or not self.line_dropout:
            return chosen.reading
        chance = random.Random(seed)
        kept = tuple(line for line in chosen.reading.lines if chance.random() >= self.line_dropout)
        return replace(chosen.reading, lines=kept or chosen.reading.lines)

    def images(self, items: Sequence[int]) -> Images | None:
        """The pictures of some items, stacked; None where the captioner sees none."""
        if self.sight is None:
            return None
        return stack([self.sight.look(self.items[i].image_id, self.items[i].picture) for i in items])

    def _look(self, item: Item, seed: str) -> Tensor:
        assert self.sight is not None
        change = None
        if self.augmented:
            rng = random.Random(f"{seed}/picture")
            change = partial(
                augment,
                captions=item.captions,
                rng=rng,
                photograph=item.photograph,
                rotation_degrees=self.rotation_degrees,
            )
        return self.sight.look(item.image_id, item.picture, change)


class _MicroBatches(Dataset[list[MicroBatch]]):
    """Window number → this process's shares of its batches."""

    def __init__(
        self, examples: Examples, windows: Sequence[sampling.AccumulationWindow], seed: str, rank: int, n_processes: int
    ) -> None:
        self.examples = examples
        self.windows = windows
        self.seed = seed
        self.rank = rank
        self.n_processes = n_processes

    def __len__(self) -> int:
        return len(self.windows)

    def __getitem__(self, place: int) -> list[MicroBatch]:
        return [self._share(batch) for batch in self.windows[place]]

    def _share(self, batch: Sequence[sampling.SampleIndex]) -> MicroBatch:
        mine = batch[self.rank :: self.n_processes]
        drawn = [(draw.item, draw.caption, f"{self.seed}/{draw.number}") for draw in mine or batch[:1]]
        collated = collate([self.examples.make(*one) for one in drawn], label_smoothing=self.examples.label_smoothing)
        return MicroBatch(
            collated,
            collated.n_tokens if mine else 0,
            items=tuple(item for item, _, _ in drawn),
            readings=tuple(self.examples.reading(*one) for one in drawn),
        )


def load_windows(
    examples: Examples,
    windows: Sequence[sampling.AccumulationWindow],
    *,
    seed: str,
    start: int = 0,
    rank: int = 0,
    n_processes: int = 1,
    n_workers: int = 0,
) -> Iterator[list[MicroBatch]]:
    """The windows of an epoch from `start` on, prepared by worker processes when there are any."""
    yield from DataLoader(
        _MicroBatches(examples, windows, seed, rank, n_processes),
        batch_size=None,
        sampler=range(start, len(windows)),
        num_workers=n_workers,
        collate_fn=_same,
        generator=torch.Generator().manual_seed(0),  # its own, so that loading never moves the global one
    )


def _same(window: list[MicroBatch]) -> list[MicroBatch]:
    return window
