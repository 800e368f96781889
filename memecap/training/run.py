"""A training run: settings in, a trained captioner in a run folder out; stopped at any point, it goes on there.

On the CPU a resumed run ends with the same weights, bit for bit, as one that was never stopped.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import nullcontext
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
from memecap.training import beginning, items
from memecap.training.config import TrainConfig
from memecap.training.folder import RunFolder
from memecap.training.journal import Journal
from memecap.training.loop import fit
from memecap.training.material import gather
from memecap.training.notes import notes
from memecap.training.optim import build_optimizer
from memecap.training.progress import Progress, Record
from memecap.training.randomness import random_state, repeatable, set_random_state
from memecap.training.scst import SelfCriticalSampler
from memecap.training.stage import Captioned, StageRun
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
                Run(config, folder, accelerator).train(state)
        elif accelerator.is_main_process:
            say(f"{out}: this run is finished")
        accelerator.wait_for_everyone()
    return out


class Run:
    """What the stages of a run share: the captioner, where it stands, and the folder it is saved to."""

    def __init__(self, config: TrainConfig, folder: RunFolder, accelerator: Accelerator) -> None:
        self.config = config
        self.folder = folder
        self.accelerator = accelerator
        self.corpora = [items.open_corpora(config, stage) for stage in config.stages]
        self.fingerprint = items.fingerprint(self.corpora)
        self.progress = Progress()
        self.journal = Journal(
            folder,
            quantities=config.quantities,
            samples=config.samples,
            tensorboard=config.tensorboard and accelerator.is_main_process,
        )
        self.saved_at = time.monotonic()

    def train(self, state: Record | None) -> None:
        """All stages that are still to do, from a saved state if there is one."""
        if self.config.val_metrics:  # a metric whose model is missing says so now, not after an epoch
            measure(["а"], [["а"]], self.config.val_metrics)
        if state is None:
            self.captioner = beginning.begin(self.config, self.corpora)
            if self.accelerator.is_main_process:
                checkpoint.save(self.captioner, self.folder.last)  # at once: its tokenizer is learnt only once
        else:
            self.captioner = beginning.go_on(self.config, self.folder, state, self.fingerprint)
            self.progress = Progress(**state["progress"])
            stage = self.config.stages[self.progress.stage].name
            self._say(f"going on with stage {stage}, epoch {self.progress.epoch + 1}, step {self.progress.step}")
        self.material = [
            gather(self.captioner, corpora, stage, self.config, self.accelerator)
            for corpora, stage in zip(self.corpora, self.config.stages, strict=True)
        ]
        self.model = self.accelerator.prepare(self.captioner.to(self.accelerator.device))
        for number in range(self.progress.stage, len(self.config.stages)):
            self._train_stage(number, state)
            state = None
        self._finish()

    def _train_stage(self, number: int, state: Record | None) -> None:
        stage = self.config.stages[number]
        optimizer = build_optimizer(self.captioner, stage)
        if state is None and number > 0:
            self.accelerator.wait_for_everyone()
            checkpoint.restore(self.captioner, self.folder.best)
            self.progress.begin_stage(number)
            if self.accelerator.is_main_process:
                checkpoint.save(self.captioner, self.folder.last)
        self.running = self._prepare(number, optimizer)
        if state is None:
            for note in notes(self.captioner, stage, self.running.train.items, self.running.val.items):
                self._say(f"stage {stage.name}: {note}")
            self.save()
        else:
            optimizer.load_state_dict(state["optimizer"])
            set_random_state(state["random"][self.accelerator.process_index])
        fit(self.running)

    def _prepare(self, number: int, optimizer: torch.optim.Optimizer) -> StageRun:
        stage, material = self.config.stages[number], self.material[number]
        critic = None
        if stage.objective is not None:
            critic = SelfCriticalSampler(
                self.captioner, stage.objective, [item.captions for item in material.train.items]
            )
        return StageRun(
            config=self.config,
            stage=stage,
            accelerator=self.accelerator,
            captioner=self.captioner,
            model=self.model,
            optimizer=optimizer,
            train=material.train,
            lengths=material.lengths,
            val=material.val,
            progress=self.progress,
            critic=critic,
            after_step=self._save_when_due,
            rescue=self._rescue,
            after_epoch=self._end_epoch,
        )

    def _save_when_due(self) -> None:
        due = self.accelerator.is_main_process and time.monotonic() - self.saved_at >= self.config.save_every_s
        if self.running.sum(due):
            self.save()

    def save(self) -> None:
        """Save everything needed to go on from here."""
        random = [random_state()]
        if self.accelerator.num_processes > 1:
            random = gather_object(random)
        if self.accelerator.is_main_process:
            self.folder.save_state(
                {
                    "progress": self.progress.to_state(),
                    "weights": checkpoint.own_state(self.captioner),
                    "optimizer": self.running.optimizer.state_dict(),
                    "random": random,
                    "corpora": self.fingerprint,
                    "n_threads": torch.get_num_threads(),
                }
            )
        self.saved_at = time.monotonic()

    def _rescue(self, what: str) -> None:
        """Go back to the weights of the last epoch's end, with half the learning rate; once in a run."""
        place = f"stage {self.running.stage.name}, step {self.progress.step}"
        if self.progress.rescued:
            raise DataError(f"{what}, again", where=place, fix="Lower lr, or set precision: fp32.")
        checkpoint.restore(self.captioner, self.folder.last)
        self.running.optimizer.state.clear()
        self.progress.rescued = True
        self.progress.lr_scale /= 2
        self._say(f"{place}: {what}; back to the last epoch's weights, with half the learning rate")

    def _end_epoch(self, is_best: bool, scores: Record, captioned: Sequence[Captioned]) -> None:
        row = scores | {"best": int(is_best)}
        self.journal.note_epoch(self.progress, self.running.stage.name, row, captioned)
        if self.accelerator.is_main_process:
            if is_best:
                checkpoint.save(self.captioner, self.folder.best)
            checkpoint.save(self.captioner, self.folder.last)
            self.journal.write(self.progress)
        self.save()

    def _say(self, message: str) -> None:
        """One line to the person at the terminal, whatever the number of processes."""
        if self.accelerator.is_main_process:
            say(message)

    def _finish(self) -> None:
        self.accelerator.wait_for_everyone()
        if self.accelerator.is_main_process:
            checkpoint.restore(self.captioner, self.folder.best)
            record = {
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
            self.journal.close(self.progress)
            self.folder.finish(record)
