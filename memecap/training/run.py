"""A training run: settings in, a trained captioner in a run folder out; stopped at any point, it goes on there.

On the CPU a resumed run ends with the same weights, bit for bit, as one that was never stopped.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from accelerate.utils import DistributedDataParallelKwargs, gather_object

from memecap import __version__
from memecap.captioners.base import TrainableCaptioner
from memecap.checkpoints import checkpoint
from memecap.core import storage
from memecap.core.progress import say
from memecap.encoders.base import weights_hash
from memecap.errors import DataError
from memecap.training.config import TrainConfig
from memecap.training.datasets import Dataset, fingerprint, open_corpora, open_datasets
from memecap.training.diagnostics import notes
from memecap.training.folder import RunFolder
from memecap.training.initialize import initialize, resume
from memecap.training.journal import Journal
from memecap.training.loop import fit
from memecap.training.optim import build_optimizer
from memecap.training.progress import Progress, Record, Step
from memecap.training.randomness import random_state, repeatable, set_random_state
from memecap.training.scst import SelfCriticalSampler
from memecap.training.stage import Epoch, StageRun
from memecap.training.validation import measure


def train(config: TrainConfig, out: Path) -> Path:
    """Train all stages; returns the run folder.

    A finished run is recognised and left alone; an unfinished one goes on from its last saved step.

    Raises:
        ConfigError: the folder holds a run with other settings, or a stage cannot be trained.
        DataError: the corpora have changed since the run began, or the gradient is not finite.
        MissingFileError: a corpus or the checkpoint to start from is not there.
        TryLaterError: another process is training in this folder.
    """
    AcceleratorState._reset_state()  # a process may train twice, with another precision
    accelerator = Accelerator(
        cpu=not torch.accelerator.is_available(),  # without this, torchrun's processes do not find each other there
        mixed_precision="no" if config.precision == "fp32" else config.precision,
        kwargs_handlers=[DistributedDataParallelKwargs(find_unused_parameters=True)],
    )
    with storage.lock(out) if accelerator.is_main_process else nullcontext():
        folder = RunFolder(out)
        if accelerator.is_main_process:
            folder.claim(config)
            folder.recover()
        accelerator.wait_for_everyone()
        if not folder.manifest.exists():
            state = folder.load_state()
            with repeatable(config.deterministic, config.n_threads or (state["n_threads"] if state else None)):
                _train(config, folder, accelerator, state)
        elif accelerator.is_main_process:
            say(f"{out}: this run is finished")
        accelerator.wait_for_everyone()
    return out


@dataclass(frozen=True)
class Run:
    """What the stages of a run share. Only the captioner's weights, `progress` and the journal change."""

    config: TrainConfig
    folder: RunFolder
    accelerator: Accelerator
    fingerprint: dict[str, str]  # of the corpora
    captioner: TrainableCaptioner
    model: torch.nn.Module  # the captioner as accelerate has prepared it
    datasets: Sequence[tuple[Dataset, Dataset]]  # of each stage: train, val
    progress: Progress
    journal: Journal

    def say(self, message: str) -> None:
        """One line, whatever the number of processes."""
        if self.accelerator.is_main_process:
            say(message)


def _train(config: TrainConfig, folder: RunFolder, accelerator: Accelerator, state: Record | None) -> None:
    """All stages that are still to do, from a saved state if there is one."""
    run = _open(config, folder, accelerator, state)
    for number in range(run.progress.stage, len(config.stages)):
        _train_stage(run, number, state)
        state = None
    _finish(run)


def _open(config: TrainConfig, folder: RunFolder, accelerator: Accelerator, state: Record | None) -> Run:
    corpora = open_corpora(config)
    prints = fingerprint(corpora)
    if config.val_metrics:  # a metric whose model is missing says so now, not after an epoch
        measure(["а"], [["а"]], config.val_metrics)
    captioner = initialize(config, corpora) if state is None else resume(config, folder, state, prints)
    if state is None and accelerator.is_main_process:
        checkpoint.save(captioner, folder.last)  # at once: its tokenizer is learnt only once
    run = Run(
        config=config,
        folder=folder,
        accelerator=accelerator,
        fingerprint=prints,
        captioner=captioner,
        datasets=[
            open_datasets(captioner, opened, stage, config, accelerator)
            for opened, stage in zip(corpora, config.stages, strict=True)
        ],
        model=accelerator.prepare(captioner.to(accelerator.device)),
        progress=Progress(**state["progress"]) if state else Progress(),
        journal=Journal(folder, config),
    )
    if state is not None:
        stage, progress = config.stages[run.progress.stage].name, run.progress
        run.say(f"going on with stage {stage}, epoch {progress.epoch + 1}, step {progress.step}")
    return run


def _train_stage(run: Run, number: int, state: Record | None) -> None:
    stage = _begin_stage(run, number, state)
    saved_at = time.monotonic()
    for done in fit(stage):
        if isinstance(done, Step):
            if not math.isfinite(done.norm):
                _rescue(run, stage, done)
            due = run.accelerator.is_main_process and time.monotonic() - saved_at >= run.config.save_every_s
            if not stage.sum(due):
                continue
        else:
            _end_epoch(run, stage, done)
        _save(run, stage)
        saved_at = time.monotonic()


def _begin_stage(run: Run, number: int, state: Record | None) -> StageRun:
    """A stage with its optimizer, from the best checkpoint of the one before, or from a saved state."""
    config, captioner, (train, val) = run.config.stages[number], run.captioner, run.datasets[number]
    references = [item.captions for item in train.items]
    stage = StageRun(
        config=run.config,
        stage=config,
        accelerator=run.accelerator,
        captioner=captioner,
        model=run.model,
        optimizer=build_optimizer(captioner, config),
        train=train,
        val=val,
        progress=run.progress,
        sampler=SelfCriticalSampler(captioner, config.objective, references) if config.objective else None,
    )
    if state is not None:
        stage.optimizer.load_state_dict(state["optimizer"])
        set_random_state(state["random"][run.accelerator.process_index])
        return stage
    if number > 0:
        run.accelerator.wait_for_everyone()
        checkpoint.restore(captioner, run.folder.best)
        run.progress.begin_stage(number)
        if run.accelerator.is_main_process:
            checkpoint.save(captioner, run.folder.last)
    for note in notes(stage):
        run.say(f"stage {config.name}: {note}")
    _save(run, stage)
    return stage


def _save(run: Run, stage: StageRun) -> None:
    """Save everything needed to go on from here."""
    random = gather_object([random_state()])
    if run.accelerator.is_main_process:
        run.folder.save_state(
            {
                "progress": asdict(run.progress),
                "weights": checkpoint.own_state(run.captioner),
                "optimizer": stage.optimizer.state_dict(),
                "random": random,
                "corpora": run.fingerprint,
                "n_threads": torch.get_num_threads(),
            }
        )


def _rescue(run: Run, stage: StageRun, step: Step) -> None:
    """Go back to the weights of the last epoch's end, with half the learning rate; once in a run."""
    place, what = f"stage {stage.stage.name}, step {run.progress.step}", f"the norm of the gradient is {step.norm}"
    if run.progress.rescued:
        raise DataError(f"{what}, again", where=place, fix="Lower lr, or set precision: fp32.")
    checkpoint.restore(run.captioner, run.folder.last)
    stage.optimizer.state.clear()
    run.progress.rescued = True
    run.progress.lr_scale /= 2
    run.say(f"{place}: {what}; back to the last epoch's weights, with half the learning rate")


def _end_epoch(run: Run, stage: StageRun, epoch: Epoch) -> None:
    run.journal.note_epoch(run.progress, stage.stage.name, epoch)
    if run.accelerator.is_main_process:
        if epoch.is_best:
            checkpoint.save(run.captioner, run.folder.best)
        checkpoint.save(run.captioner, run.folder.last)
        run.journal.write(run.progress)


def _finish(run: Run) -> None:
    run.accelerator.wait_for_everyone()
    if not run.accelerator.is_main_process:
        return
    checkpoint.restore(run.captioner, run.folder.best)
    run.journal.close(run.progress)
    run.folder.finish(
        {
            "memecap": __version__,
            "captioner": run.config.captioner.name,
            "n_parameters": sum(parameter.numel() for parameter in run.captioner.parameters()),
            "steps": run.progress.total_steps,
            "best": [row for row in run.progress.log if row.get("best")][-1],
            "weights_sha256": weights_hash(run.captioner),
            "corpora": run.fingerprint,
            "n_threads": torch.get_num_threads(),
            "n_processes": run.accelerator.num_processes,
        }
    )
