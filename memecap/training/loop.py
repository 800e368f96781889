"""The training loop, on accelerate: `fit` a stage, `train_epoch`, `take_step`; gradient.py has the backward pass."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator, Sequence

from memecap.core.progress import track
from memecap.training import sampling
from memecap.training.data import MicroBatch, load_windows
from memecap.training.gradient import add_gradient
from memecap.training.optim import lr_factor, set_lr
from memecap.training.progress import Record, Step
from memecap.training.stage import StageRun
from memecap.training.validation import validate


def fit(run: StageRun) -> None:
    """Train a stage from where it stands to its end."""
    progress = run.progress
    # An epoch whose steps are all done may still lack its end: a run can be stopped in between.
    while progress.window > 0 or (progress.step < run.n_steps and not progress.gave_up(run.stage)):
        speed = train_epoch(run)
        scores, captioned = validate(run)
        is_best = progress.end_epoch(_judge(scores, run), run.stage)
        run.after_epoch(is_best, scores | speed, captioned)


def train_epoch(run: StageRun) -> Record:
    """Train to the end of the epoch, or of the stage; returns the speed."""
    progress, stage = run.progress, run.stage
    seed = [run.config.seed, progress.stage, progress.epoch]
    left = progress.window + run.n_steps - progress.step
    windows = sampling.windows(run.lengths, stage, seed)[:left]
    n_tokens, start = 0, time.perf_counter()
    run.model.train()
    for window in _watch(run, windows, seed):
        factor = progress.lr_scale * lr_factor(progress.step, n_steps=run.n_steps, stage=stage)
        rate = set_lr(run.optimizer, factor)
        step = take_step(run, window)
        progress.count_step(step)
        n_tokens += step.n_tokens
        if progress.step % run.config.log_every == 0:
            progress.log_row(stage.name, lr=rate, gradient_norm=step.norm)
        run.after_step()
    return {"tokens_per_s": round(n_tokens / (time.perf_counter() - start))} if n_tokens else {}


def take_step(run: StageRun, window: Sequence[MicroBatch]) -> Step:
    """One optimizer step. A gradient that is not finite changes nothing but the run's trust (see `StageRun.rescue`).

    Raises:
        DataError: the gradient is not finite for the second time.
    """
    loss, n_tokens, reward = add_gradient(run, window)
    norm = float(run.accelerator.clip_grad_norm_(run.model.parameters(), run.stage.clip or math.inf))
    if math.isfinite(norm):
        run.optimizer.step()
    else:
        run.rescue(f"the norm of the gradient is {norm}")
    run.optimizer.zero_grad()
    return Step(loss, n_tokens, norm, reward)


def _watch(
    run: StageRun, windows: Sequence[sampling.AccumulationWindow], seed: Sequence[int]
) -> Iterator[list[MicroBatch]]:
    """The windows still to do, with a progress bar."""
    accelerator, start = run.accelerator, run.progress.window
    loaded: Iterable[list[MicroBatch]] = load_windows(
        run.train,
        windows,
        seed="/".join(map(str, seed)),
        start=start,
        rank=accelerator.process_index,
        n_processes=accelerator.num_processes,
        n_workers=run.config.n_workers,
    )
    if accelerator.is_main_process:
        loaded = track(loaded, f"{run.stage.name}, epoch {run.progress.epoch + 1}", total=len(windows) - start)
    yield from loaded


def _judge(scores: Record, run: StageRun) -> float | None:
    """The stage's score, higher is better; None when it was not measured."""
    metric = run.stage.early_stop.metric
    value: float | None = scores.get(f"val_{metric}")
    is_cost = metric == "loss" or run.config.quantities[metric].direction == "lower"
    return -value if value is not None and is_cost else value
