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
        step = take_step(run, window)
        progress.count_step(step)
        n_tokens += step.n_tokens
        if progress.step % run.config.log_every == 0:
            progress.log_row(stage.name, lr=rate, gradient_norm=step.norm)
        run.after_step()
    return {"tokens_per_s": round(n_tokens / (time.perf_counter() - start))} if n_tokens else {}


def take_step(run: StageRun, window: Sequence[Share]) -> Step:
    """One optimizer step. A gradient that is not finite changes nothing but the run's trust (see `StageRun.rescue`).

    Raises:
        DataError: the gradient is not finite for the second time.
    """
    shares, loss, n_tokens = _backward_within_memory(run, window)
    norm = float(run.accelerator.clip_grad_norm_(run.model.parameters(), run.stage.clip or math.inf))
    if math.isfinite(norm):
        run.optimizer.step()
    else:
        run.rescue(f"the norm of the gradient is {norm}")
    run.optimizer.zero_grad()
    return Step(run.sum(loss), n_tokens, norm, _mean_reward(run, shares))


def _backward_within_memory(run: StageRun, window: Sequence[Share]) -> tuple[list[Share], float, int]:
    """`_backward`; where a batch does not fit, this and all later ones are halved until they do."""
    while True:
        shares = cut(window, run.progress.halvings)
        try:
            return _backward(run, shares)
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


def _backward(run: StageRun, shares: list[Share]) -> tuple[list[Share], float, int]:
    """Add up the gradient of a window; returns what was learnt, its loss in this process, its tokens in all."""
    accelerator, progress = run.accelerator, run.progress
    if run.critic is not None:
        place = progress.stage, progress.epoch, progress.window, accelerator.process_index
        shares = run.critic.sample(shares, "/".join(map(str, (run.config.seed, *place))))
    n_tokens = int(run.sum(sum(share.n_tokens for share in shares)))
    total = 0.0
    for number, share in enumerate(shares):
        last = number == len(shares) - 1
        with nullcontext() if last else accelerator.no_sync(run.model):
            loss: Loss = run.model(share.batch.to(accelerator.device))
            # DDP takes the mean over processes; a stand-in share takes part and weighs nothing.
            weight = accelerator.num_processes / n_tokens if share.n_tokens else 0.0
            accelerator.backward(loss.total * weight)
        total += float(loss.total.detach()) if share.n_tokens else 0.0
    return shares, total, n_tokens


def _mean_reward(run: StageRun, shares: Sequence[Share]) -> float | None:
    """Of the captions sampled for a window, in a self-critical stage."""
    if run.critic is None:
        return None
    rewards = [reward for share in shares if share.n_tokens for reward in share.rewards]
    return run.sum(sum(rewards)) / run.sum(len(rewards))


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
