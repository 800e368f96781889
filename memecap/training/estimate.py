"""What a run will cost: steps counted, the seconds of a step and of a picture measured here, bytes added up.

In: the captioner as the run would begin, its corpora on disk. Out: `Check`s. Limits: the step is measured on a few
examples with blank pictures and taken in proportion, which is too much where a device takes a batch at once;
validation, captions after each epoch and SCST's samples are not counted.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from memecap.captioners.base import TrainableCaptioner
from memecap.checkpoints import checkpoint
from memecap.core.manifest import Corpus, Row
from memecap.encoders.base import ImageEncoder
from memecap.encoders.stored import features
from memecap.modeling.batch import Batch, ImageInput, collate
from memecap.reading.stored import readings
from memecap.training import sampling
from memecap.training.config import StageConfig, TrainConfig
from memecap.training.image_inputs import takes_features

MEASURED = 4  # examples of the step that is measured
SIDE = 320  # pixels of the blank picture


@dataclass(frozen=True, slots=True)
class Check:
    """One thing a run needs; `exit_code` is zero where it is there, None where nobody can say yet."""

    name: str
    found: str
    fix: str = ""
    exit_code: int | None = 0


def costs(
    captioner: TrainableCaptioner, config: TrainConfig, corpora: Sequence[Sequence[Corpus]], out: Path
) -> Iterator[Check]:
    """Features, time, memory and disk. Raises, before the first, the errors that the first step would raise."""
    place = (torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None) or "cpu"
    captioner.to(place)
    stages = list(zip(config.stages, corpora, strict=True))
    encoder = captioner.encoder
    unseen = _unseen(encoder, stages) if encoder else {}
    n_unseen = sum(unseen.values())
    time_check = Check("time", _time(captioner, config, stages, n_unseen))
    for folder, n in unseen.items():
        fix = f"memecap features {folder} --config FILE    or let the run do it"
        yield Check(str(folder), f"{n:,} pictures without stored features", fix)
    yield time_check
    learnt = _bytes(p for p in captioner.parameters() if p.requires_grad)
    frozen = _bytes(p for p in captioner.parameters() if not p.requires_grad)
    yield _memory(4 * learnt + frozen, captioner.device)  # the weight, its gradient and two moments of Adam
    own = _bytes(checkpoint.own_state(captioner).values())
    stored = n_unseen * 4 * encoder.n_tokens * encoder.width if encoder else 0
    # checkpoints: the best, the last and one being written; the state, twice while it is written
    yield disk(3 * own + 2 * (own + 2 * learnt) + stored, out)


def _time(
    captioner: TrainableCaptioner,
    config: TrainConfig,
    stages: Sequence[tuple[StageConfig, Sequence[Corpus]]],
    n_unseen: int,
) -> str:
    encoder = captioner.encoder
    steps, seconds = 0, n_unseen * _look_seconds(encoder, captioner.device) if encoder and n_unseen else 0.0
    for stage, opened in stages:
        sees = captioner.sees and not stage.text_only
        captions = [[range(len(row.captions)) for row in usable(corpus, "train", sees=sees)] for corpus in opened]
        n_steps = sampling.n_steps(captions, stage)
        steps += n_steps
        seconds += n_steps * _step_seconds(captioner, stage, opened[0], config)
    text = f"{steps:,} steps counted; about {_hours(seconds)} or less on this {captioner.device.type}"
    text += f", measured on {MEASURED} examples of each stage"
    text += f", with features of {n_unseen:,} pictures" if n_unseen else ""
    last = "the samples of SCST" if any(stage.objective for stage in config.stages) else "saving"
    return f"{text}; validation, its captions and {last} come on top"


def _memory(needed: int, place: torch.device) -> Check:
    """Of the device, or of the machine."""
    if place.type == "cuda":
        there = int(torch.cuda.mem_get_info(place)[1])
    else:
        there = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    what = f"weights, gradients and Adam's moments take {_gb(needed)} of {_gb(there)}; a batch comes on top"
    fix = "take smaller models, or freeze more of them"
    return Check("memory", what, fix, 74) if needed > there else Check("memory", what)


def disk(needed: int, out: Path) -> Check:
    """Is there room for what the run writes?"""
    free = free_disk(out)
    what = f"{_gb(free)} free" + (f", {_gb(needed)} needed at most" if needed else "")
    return Check("disk", what, f"make room on the disk of {out}", 74) if needed > free else Check("disk", what)


def free_disk(out: Path) -> int:
    """Bytes free where the run folder is, or will be."""
    there = out.absolute()
    while not there.exists():
        there = there.parent
    return shutil.disk_usage(there).free


def _unseen(encoder: ImageEncoder, stages: Sequence[tuple[StageConfig, Sequence[Corpus]]]) -> dict[Path, int]:
    wanted = {
        corpus.folder: corpus
        for stage, opened in stages
        if not stage.text_only and takes_features(encoder, stage)
        for corpus in opened
    }
    found = {}
    for folder, corpus in wanted.items():
        pictures = {row.image_id for split in ("train", "val") for row in corpus.rows(split) if row.file_name}
        found[folder] = len(pictures - features.load_features(folder, encoder.fingerprint).keys())
    return {folder: n for folder, n in found.items() if n}


def usable(corpus: Corpus, split: str, *, sees: bool) -> Iterator[Row]:
    """The rows that a stage can be trained on."""
    return (row for row in corpus.rows(split) if row.captions and (row.file_name or not sees))


def _step_seconds(captioner: TrainableCaptioner, stage: StageConfig, corpus: Corpus, config: TrainConfig) -> float:
    """An optimizer step without the optimizer: forward and backward, in proportion to the examples."""
    stored = {} if stage.readings is False else readings.load_readings(corpus.folder)
    sees = captioner.sees and not stage.text_only
    rows = list(islice(usable(corpus, "train", sees=sees), MEASURED))
    seen = _blank(captioner, stage) if sees else None
    examples = [captioner.example(row.captions[0], image=seen, reading=stored.get(row.image_id)) for row in rows]
    batch: Batch = collate(examples).to(captioner.device)
    captioner.train()

    def learn() -> None:
        with torch.autocast(captioner.device.type, torch.bfloat16, enabled=config.precision == "bf16"):
            captioner(batch).total.backward()
        captioner.zero_grad()

    return _seconds(learn) * stage.batch_size * stage.accumulate / len(rows)


def _blank(captioner: TrainableCaptioner, stage: StageConfig) -> ImageInput | None:
    """What stands for a picture: stored features of a frozen encoder, or what the captioner makes of it."""
    encoder = captioner.encoder
    if encoder is not None and takes_features(encoder, stage):
        return torch.zeros(encoder.n_tokens, encoder.width)
    return captioner.look(_blank_picture())


def _look_seconds(encoder: ImageEncoder, place: torch.device) -> float:
    """Of one picture through the transform and the encoder."""
    with torch.inference_mode():
        return _seconds(lambda: encoder(encoder.transform(_blank_picture())[None].to(place)))


def _blank_picture() -> Image.Image:
    return Image.new("RGB", (SIDE, SIDE), "grey")


def _seconds(work: Callable[[], object]) -> float:
    """The second time, when all is warm."""
    work()
    started = time.perf_counter()
    work()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - started


def _bytes(tensors: Iterable[Tensor]) -> int:
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)


def _gb(n_bytes: int) -> str:
    return f"{n_bytes / 1e9:.2f} GB"


def _hours(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
