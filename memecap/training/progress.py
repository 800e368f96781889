"""Progress: where a run stands, in plain values, so that it can be saved at any step and entered again there."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from memecap.training.config import StageConfig

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Step:
    """What came of one optimizer step, in all processes together."""

    loss: float  # nats, the sum over the tokens
    n_tokens: int
    norm: float  # of the gradient
    reward: float | None  # mean of the sampled captions, in a self-critical stage


@dataclass
class Progress:
    """Counts done so far; `log` and `samples` are the rows of the run's files."""

    stage: int = 0
    epoch: int = 0
    window: int = 0  # of the epoch
    step: int = 0  # of the stage
    total_steps: int = 0  # of the run
    best: float | None = None  # score of the stage's best epoch, higher is better
    waiting: int = 0  # epochs since the best one
    lr_scale: float = 1.0  # cuts made on a plateau, and by a rescue
    rescued: bool = False  # a gradient was not finite once
    halvings: int = 0  # of each batch, because memory ran out
    loss_total: float = 0.0  # nats since the last row of the log
    loss_tokens: int = 0
    rewards: list[float] = field(default_factory=list)  # of the steps since the last row of the log
    log: list[Record] = field(default_factory=list)
    samples: list[Record] = field(default_factory=list)

    def count_step(self, step: Step) -> None:
        """One optimizer step is done; one whose gradient is not finite has taught nothing."""
        self.window += 1
        self.step += 1
        self.total_steps += 1
        if step.reward is not None:  # a weighted loss of sampled captions says nothing
            self.rewards.append(step.reward)
        elif math.isfinite(step.norm):
            self.loss_total += step.loss
            self.loss_tokens += step.n_tokens

    def log_row(self, stage: str, **values: Any) -> None:
        """A row of the log; it holds the train loss, or reward, of the steps since the row before."""
        row = self.place(stage) | values
        if self.loss_tokens:
            row["train_loss"] = self.loss_total / self.loss_tokens
        if self.rewards:
            row["train_reward"] = sum(self.rewards) / len(self.rewards)
        self.loss_total, self.loss_tokens, self.rewards = 0.0, 0, []
        self.log.append(row)

    def place(self, stage: str) -> Record:
        """The keys that begin each row of the run's files."""
        return {"stage": stage, "epoch": self.epoch + (self.window > 0), "step": self.total_steps}

    def end_epoch(self, score: float | None, stage: StageConfig) -> bool:
        """Go on to the next epoch; True when this one is the best so far (or there is nothing to compare)."""
        self.epoch += 1
        self.window = 0
        if score is None or self.best is None or score > self.best:
            self.best, self.waiting = score, 0
            return True
        self.waiting += 1
        if stage.schedule == "plateau" and self.waiting % stage.plateau.patience == 0:
            self.lr_scale *= stage.plateau.factor
        return False

    def gave_up(self, stage: StageConfig) -> bool:
        """The stage has waited long enough for a better epoch."""
        return self.waiting >= (stage.early_stop.patience or math.inf)

    def begin_stage(self, number: int) -> None:
        self.stage, self.epoch, self.window, self.step = number, 0, 0, 0
        self.best, self.waiting, self.lr_scale, self.halvings = None, 0, 1.0, 0
