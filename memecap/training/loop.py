"""The training loop, on accelerate: `fit` a stage, `train_epoch`, `validate`; optim.py takes the steps.

The loop writes nothing: it is a generator of what is done, and run.py saves and tells after each `Step` and `Epoch`.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterable, Iterator, Sequence

from memecap.core.progress import track
from memecap.training import sampling
from memecap.training.optim import lr_factor, set_lr, take_step
from memecap.training.progress import Record, Step
from memecap.training.sampling import MicroBatch
from memecap.training.stage import Epoch, StageRun
from memecap.training.validation import validate


def fit(run: StageRun) -> Iterator[Step | Epoch]:
    """Train a stage from where it stands to its end."""
    progress = run.progress
    # An epoch whose steps are all done may still lack its end: a run can be stopped in between.
    while progress.window > 0 or (progress.step < run.n_steps and not progress.gave_up(run.stage)):
        speed = yield from train_epoch(run)
        scores, captioned = validate(run)
        is_best = progress.end_epoch(_judge(scores, run), run.stage)
        yield Epoch(is_best, scores | speed, captioned)


def train_epoch(run: StageRun) -> Generator[Step, None, Record]:
    """Train to the end of the epoch, or of the stage; returns the speed."""
    progress, stage, n_steps = run.progress, run.stage, run.n_steps
    n_tokens, start = 0, time.perf_counter()
    run.model.train()
    for window in _windows(run):
        factor = progress.lr_scale * lr_factor(progress.step, n_steps=n_steps, stage=stage)
        rate = set_lr(run.optimizer, factor)
        step = take_step(run, window)
        progress.count_step(step)
        n_tokens += step.n_tokens
        if progress.step % run.config.log_every == 0:
            progress.log_row(stage.name, lr=rate, gradient_norm=step.norm)
        yield step
    return {"tokens_per_s": round(n_tokens / (time.perf_counter() - start))} if n_tokens else {}


def _windows(run: StageRun) -> Iterator[Sequence[MicroBatch]]:
    """The windows of the epoch that are still to do, with a progress bar."""
    accelerator, progress, start = run.accelerator, run.progress, run.progress.window
    seed = [run.config.seed, progress.stage, progress.epoch]
    windows = sampling.windows(run.lengths, run.stage, seed)[: start + run.n_steps - progress.step]
    loaded: Iterable[list[MicroBatch]] = sampling.load_windows(
        run.train,
        windows,
        seed="/".join(map(str, seed)),
        start=start,
        rank=accelerator.process_index,
        n_processes=accelerator.num_processes,
        n_workers=run.config.n_workers,
    )
    if accelerator.is_main_process:
        loaded = track(loaded, f"{run.stage.name}, epoch {progress.epoch + 1}", total=len(windows) - start)
    yield from loaded


def _judge(scores: Record, run: StageRun) -> float | None:
    """The stage's score, higher is better; None when it was not measured."""
    metric = run.stage.early_stop.metric
    value: float | None = scores.get(f"val_{metric}")
    is_cost = metric == "loss" or run.config.quantities[metric].direction == "lower"
    return -value if value is not None and is_cost else value
