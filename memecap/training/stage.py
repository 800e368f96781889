"""StageRun: what the loop needs of one stage, gathered by `run.py`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from accelerate import Accelerator

from memecap.captioners.base import TrainableCaptioner
from memecap.modeling.outputs import Caption
from memecap.reading.base import Reading
from memecap.training import sampling
from memecap.training.config import StageConfig, TrainConfig
from memecap.training.data import Examples
from memecap.training.items import Item
from memecap.training.progress import Progress, Record
from memecap.training.scst import SelfCriticalSampler


@dataclass(frozen=True, slots=True)
class Captioned:
    """A val row with what the captioner was told and what it said."""

    item: Item
    reading: Reading | None
    caption: Caption


@dataclass(frozen=True)
class StageRun:
    """`model` is `captioner` as accelerate has prepared it; `progress` is the only thing here that changes."""

    config: TrainConfig
    stage: StageConfig
    accelerator: Accelerator
    captioner: TrainableCaptioner
    model: torch.nn.Module
    optimizer: torch.optim.Optimizer
    train: Examples
    lengths: sampling.Lengths
    val: Examples
    progress: Progress
    critic: SelfCriticalSampler | None  # samples captions to learn, in a self-critical stage
    after_step: Callable[[], None]
    rescue: Callable[[str], None]  # after a gradient that is not finite; it raises when there was one before
    after_epoch: Callable[[bool, Record, Sequence[Captioned]], None]  # is it the best, its scores, its captions

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
