"""A training run: settings in, a trained captioner in a run folder out; stopped at any point, it goes on there.

On the CPU a resumed run ends with the same weights, bit for bit, as one that was never stopped.
"""

from __future__ import annotations

import math
import time
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from accelerate.utils import DistributedDataParallelKwargs, gather_object

from memecap import __version__
from memecap.checkpoints import checkpoint
from memecap.core import storage
from memecap.core.progress import say
from memecap.encoders.base import weights_hash
from memecap.errors import DataError
from memecap.training.config import TrainConfig
from memecap.training.datasets import fingerprint, open_corpora, open_datasets
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
        if not config.stages:
            if accelerator.is_main_process and not folder.manifest.exists():
                keep_untaught(config, folder)
        elif not folder.manifest.exists():
            state = folder.load_state()
            with repeatable(config.deterministic, config.n_threads or (state["n_threads"] if state else None)):
                Run(config, folder, accelerator, state).train(state)
        elif accelerator.is_main_process:
            say(f"{out}: this run is finished")
        accelerator.wait_for_everyone()
    return out


def keep_untaught(config: TrainConfig, folder: RunFolder) -> None:
    """The run of no stages: a checkpoint of the captioner as it is, to evaluate, push or begin with."""
    captioner = initialize(config, [])
    checkpoint.save(captioner, folder.best)
    n_parameters = sum(parameter.numel() for parameter in captioner.parameters())
    folder.finish(
        {"memecap": __version__, "captioner": config.captioner.name, "n_parameters": n_parameters, "steps": 0}
    )
    say(f"{folder.folder}: nothing to learn; the captioner is kept as it is")


class Run:
    """All stages of a run. After it is opened only the captioner's weights, `progress` and the journal change."""

    def __init__(self, config: TrainConfig, folder: RunFolder, accelerator: Accelerator, state: Record | None) -> None:
        corpora = open_corpora(config)
        self.config, self.folder, self.accelerator = config, folder, accelerator
        self.fingerprint = fingerprint(corpora)
        if config.val_metrics:  # a metric whose model is missing says so now, not after an epoch
            measure(["а"], [["а"]], config.val_metrics)
        captioner = initialize(config, corpora) if state is None else resume(config, folder, state, self.fingerprint)
        if state is None and accelerator.is_main_process:
            checkpoint.save(captioner, folder.last)  # at once: its tokenizer is learnt only once
        self.captioner = captioner
        self.datasets = [
            open_datasets(captioner, opened, stage, config, accelerator)
            for opened, stage in zip(corpora, config.stages, strict=True)
        ]
        self.model = accelerator.prepare(captioner.to(accelerator.device))
        self.journal = Journal(folder, config)
        self.progress = progress = Progress(**state["progress"]) if state else Progress()
        if state is not None:
            stage = config.stages[progress.stage].name
            self.say(f"going on with stage {stage}, epoch {progress.epoch + 1}, step {progress.step}")

    def train(self, state: Record | None) -> None:
        """All stages that are still to do, from a saved state if there is one."""
        for number in range(self.progress.stage, len(self.config.stages)):
            self._train_stage(number, state)
            state = None
        self._finish()

    def say(self, message: str) -> None:
        """One line, whatever the number of processes."""
        if self.accelerator.is_main_process:
            say(message)

    def _train_stage(self, number: int, state: Record | None) -> None:
        stage = self._begin_stage(number, state)
        saved_at = time.monotonic()
        for done in fit(stage):
            if isinstance(done, Step):
                if not math.isfinite(done.norm):
                    self._rescue(stage, done)
                due = self.accelerator.is_main_process and time.monotonic() - saved_at >= self.config.save_every_s
                if not stage.sum(due):
                    continue
            else:
                self._end_epoch(stage, done)
            self._save(stage)
            saved_at = time.monotonic()

    def _begin_stage(self, number: int, state: Record | None) -> StageRun:
        """A stage with its optimizer, from the best checkpoint of the one before, or from a saved state."""
        config, captioner, (train, val) = self.config.stages[number], self.captioner, self.datasets[number]
        references = [item.captions for item in train.items]
        stage = StageRun(
            config=self.config,
            stage=config,
            accelerator=self.accelerator,
            captioner=captioner,
            model=self.model,
            optimizer=build_optimizer(captioner, config),
            train=train,
            val=val,
            progress=self.progress,
            sampler=SelfCriticalSampler(captioner, config.objective, references) if config.objective else None,
        )
        if state is not None:
            stage.optimizer.load_state_dict(state["optimizer"])
            set_random_state(state["random"][self.accelerator.process_index])
            return stage
        if number > 0:
            self.accelerator.wait_for_everyone()
            checkpoint.restore(captioner, self.folder.best)
            self.progress.begin_stage(number)
            if self.accelerator.is_main_process:
                checkpoint.save(captioner, self.folder.last)
        for note in notes(stage):
            self.say(f"stage {config.name}: {note}")
        self._save(stage)
        return stage

    def _save(self, stage: StageRun) -> None:
        """Save everything needed to go on from here."""
        random = gather_object([random_state()])
        if self.accelerator.is_main_process:
            self.folder.save_state(
                {
                    "progress": asdict(self.progress),
                    "weights": checkpoint.own_state(self.captioner),
                    "optimizer": stage.optimizer.state_dict(),
                    "random": random,
                    "corpora": self.fingerprint,
                    "n_threads": torch.get_num_threads(),
                }
            )

    def _rescue(self, stage: StageRun, step: Step) -> None:
        """Go back to the weights of the last epoch's end, with half the learning rate; once in a run."""
        place, what = f"stage {stage.stage.name}, step {self.progress.step}", f"the norm of the gradient is {step.norm}"
        if self.progress.rescued:
            raise DataError(f"{what}, again", where=place, fix="Lower lr, or set precision: fp32.")
        checkpoint.restore(self.captioner, self.folder.last)
        stage.optimizer.state.clear()
        self.progress.rescued = True
        self.progress.lr_scale /= 2
        self.say(f"{place}: {what}; back to the last epoch's weights, with half the learning rate")

    def _end_epoch(self, stage: StageRun, epoch: Epoch) -> None:
        self.journal.note_epoch(self.progress, stage.stage.name, epoch)
        if self.accelerator.is_main_process:
            if epoch.is_best:
                checkpoint.save(self.captioner, self.folder.best)
            checkpoint.save(self.captioner, self.folder.last)
            self.journal.write(self.progress)

    def _finish(self) -> None:
        self.accelerator.wait_for_everyone()
        if not self.accelerator.is_main_process:
            return
        checkpoint.restore(self.captioner, self.folder.best)
        self.journal.close(self.progress)
        self.folder.finish(
            {
                "memecap": __version__,
                "captioner": self.config.captioner.name,
                "n_parameters": sum(parameter.numel() for parameter in self.captioner.parameters()),
                "steps": self.progress.total_steps,
                "best": [row for row in self.progress.log if row.get("best")][-1],
                "weights_sha256": weights_hash(self.captioner),
                "corpora": self.fingerprint,
                "n_threads": torch.get_num_threads(),
                "n_processes": self.accelerator.num_processes,
            }
        )
