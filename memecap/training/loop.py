"""The training loop, on accelerate: `fit` a stage, `train_epoch`, `take_step`.

The loss of a window is one sum over its batches and processes, divided once by all its tokens: neither accumulation
nor the number of processes changes the gradient.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext

import torch

from memecap.captioners.base import Loss
from memecap.progress import say, track
from memecap.training import sampling
from memecap.training.config import StageConfig
from memecap.training.data import Share, load_windows
from memecap.training.memory import cut, is_out_of_memory
from memecap.training.optim import lr_factor, set_lr
from memecap.training.progress import Record
from memecap.training.stage import StageRun
from memecap.training.validation import validate


def fit(run: StageRun) -> None:
    """Train a stage from where it stands to its end."""
    progress = run.progress
    # An epoch whose steps are all done may still lack its end: a run can be stopped in between.
    while progress.window > 0 or (progress.step < run.n_steps and not progress.gave_up(run.stage)):
        speed = train_epoch(run)
        scores, captioned = validate(run)
        is_best = progress.end_epoch(_judge(scores, run.stage), run.stage)
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
        total, window_tokens, norm = take_step(run, window)
        progress.count_step(total if math.isfinite(norm) else 0.0, window_tokens if math.isfinite(norm) else 0)
        n_tokens += window_tokens
        if progress.step % run.config.log_every == 0:
            progress.log_row(stage.name, lr=rate, gradient_norm=norm)
        run.after_step()
    return {"tokens_per_s": round(n_tokens / (time.perf_counter() - start))} if n_tokens else {}


def take_step(run: StageRun, window: Sequence[Share]) -> tuple[float, int, float]:
    """One optimizer step; returns the window's loss in nats, its tokens, and the norm of its gradient.

    A gradient that is not finite changes nothing but the run's trust (see `StageRun.rescue`).

    Raises:
        DataError: the gradient is not finite for the second time.
    """
    n_tokens = int(run.sum(sum(share.n_tokens for share in window)))
    total = _backward_within_memory(run, window, n_tokens)
    norm = float(run.accelerator.clip_grad_norm_(run.model.parameters(), run.stage.clip or math.inf))
    if math.isfinite(norm):
        run.optimizer.step()
    else:
        run.rescue(f"the norm of the gradient is {norm}")
    run.optimizer.zero_grad()
    return run.sum(total), n_tokens, norm


def _backward_within_memory(run: StageRun, window: Sequence[Share], n_tokens: int) -> float:
    """`_backward`; where a batch does not fit, this and all later ones are halved until they do."""
    while True:
        shares = cut(window, run.progress.halvings)
        try:
            return _backward(run, shares, n_tokens)
        except RuntimeError as error:
            # Processes that share a step would wait for each other for ever if one of them began it again.
            alone = run.accelerator.num_processes == 1
            if not (is_out_of_memory(error) and alone and any(len(share.batch) > 1 for share in shares)):
                raise
        run.optimizer.zero_grad()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        run.progress.halvings += 1
        say(f"out of memory: batches of stage {run.stage.name} are cut into {2**run.progress.halvings}")


def _backward(run: StageRun, window: Sequence[Share], n_tokens: int) -> float:
    """Add up the gradient of a window; returns its loss in this process."""
    accelerator = run.accelerator
    total = 0.0
    for place, share in enumerate(window):
        last = place == len(window) - 1
        with nullcontext() if last else accelerator.no_sync(run.model):
            loss: Loss = run.model(share.batch.to(accelerator.device))
            # DDP takes the mean over processes; a stand-in share takes part and weighs nothing.
            weight = accelerator.num_processes / n_tokens if share.n_tokens else 0.0
            accelerator.backward(loss.total * weight)
        total += float(loss.total.detach()) if share.n_tokens else 0.0
    return total


def _watch(run: StageRun, windows: Sequence[sampling.Window], seed: Sequence[int]) -> Iterator[list[Share]]:
    """The windows still to do, with a progress bar."""
    accelerator, start = run.accelerator, run.progress.window
    loaded: Iterable[list[Share]] = load_windows(
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


def _judge(scores: Record, stage: StageConfig) -> float | None:
    """The stage's score, higher is better; None when it was not measured."""
    value: float | None = scores.get(f"val_{stage.early_stop.metric}")
    return -value if value is not None and stage.early_stop.metric == "loss" else value
