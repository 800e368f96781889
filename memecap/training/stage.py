"""StageRun: what the loop needs of one stage; `Epoch`: what comes out of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from accelerate import Accelerator

from memecap.captioners.base import TrainableCaptioner
from memecap.modeling.outputs import Caption
from memecap.reading.base import Reading
from memecap.training import sampling
from memecap.training.config import StageConfig, TrainConfig
from memecap.training.datasets import Dataset, Item, Lengths
from memecap.training.progress import Progress, Record
from memecap.training.scst import SelfCriticalSampler


@dataclass(frozen=True, slots=True)
class Captioned:
    """A val row with what the captioner was told and what it said."""

    item: Item
    reading: Reading | None
    caption: Caption


@dataclass(frozen=True, slots=True)
class Epoch:
    """A finished epoch; `progress` counts it already."""

    is_best: bool  # so far, in its stage
    scores: Record
    captioned: Sequence[Captioned]


@dataclass(frozen=True)
class StageRun:
    """`model` is `captioner` as accelerate has prepared it; `progress` is the only thing here that changes."""

    config: TrainConfig
    stage: StageConfig
    accelerator: Accelerator
    captioner: TrainableCaptioner
    model: torch.nn.Module
    optimizer: torch.optim.Optimizer
    train: Dataset
    val: Dataset
    progress: Progress
    sampler: SelfCriticalSampler | None = None  # of captions to learn, in a self-critical stage

    @cached_property
    def lengths(self) -> Lengths:
        """Of the train captions."""
        return self.train.lengths

    @property
    def n_steps(self) -> int:
        """Optimizer steps of the whole stage."""
        return sampling.n_steps(self.lengths, self.stage)

    def sum(self, value: float) -> float:
        """The sum of a number over the processes."""
        if self.accelerator.num_processes == 1:
            return value
        tensor = torch.tensor(value, dtype=torch.float64, device=self.accelerator.device)
        return float(self.accelerator.reduce(tensor, reduction="sum"))
