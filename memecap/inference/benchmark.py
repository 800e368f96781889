"""What a captioner costs on this machine: seconds to load it, seconds a picture, memory.

In: models and pictures. Out: a `Cost` of each model, measured in a process of its own, so that none pays for another.
Pictures go through one at a time, as they come to a person who waits; the first one goes through twice and its first
time is not counted. Readings are made anew: nothing of the readers' cache is used.
Limits: memory is that of the Python process; programs that a reader starts, such as tesseract, are not in it.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from memecap.core import defaults, progress
from memecap.core.parallel import parallel_map
from memecap.errors import DataError, MemecapError, ServiceError

if TYPE_CHECKING:
    from memecap.inference.pipeline import Pipeline


@dataclass(frozen=True, slots=True)
class Cost:
    """Times are wall-clock seconds; medians are over the pictures."""

    model: str
    device: str  # with the number of threads or the GPU's name
    decoding: str
    n_pictures: int
    load_s: float  # imports not counted
    read_s: float  # median of a picture; about 0 without a reader
    caption_s: float  # median of a picture, opening and reading not counted
    memory_bytes: int  # highest resident memory of the process
    gpu_memory_bytes: int | None  # highest allocated; None on a CPU


def benchmark(models: Sequence[str], pictures: Sequence[Path], **how: Any) -> Iterator[Cost]:
    """The cost of each model, as it is measured.

    Args:
        how: `reader`, `decoding`, `precision`, `device` as in `load_captioner`; `n_threads` of torch, None: its choice.

    Raises:
        DataError: none of the pictures can be opened.
        ServiceError: the process died, as where memory is short.
        MemecapError: what loading the model raises.
    """
    measure = partial(_measure, pictures=tuple(pictures), **how)
    for model in models:
        try:
            yield from parallel_map(measure, [model], on="workers:1", chunk=1)
        except BrokenProcessPool as error:
            fix = "Is the memory enough? Try one model alone, or smaller pictures."
            raise ServiceError("the process that measured it died", where=model, fix=fix) from error


def _measure(
    model: str,
    pictures: Sequence[Path],
    *,
    reader: Any = defaults.READER,
    device: str | None = None,
    n_threads: int | None = None,
    **how: Any,
) -> Cost:
    import torch

    from memecap.core.device import choose, describe
    from memecap.inference.load import load_captioner  # before the clock: imports are not the model's

    if n_threads is not None:
        torch.set_num_threads(n_threads)
    place = choose(device)
    start = time.perf_counter()
    captioner = load_captioner(model, reader=_without_cache(reader), device=place, **how)
    load_s = time.perf_counter() - start
    times = list(_times(captioner, pictures))
    if not times:
        raise DataError("none of the pictures can be opened", where=pictures[0], fix="Name pictures.")
    return Cost(
        model=model,
        device=describe(place),
        decoding=captioner.decoding.name,
        n_pictures=len(times),
        load_s=load_s,
        read_s=statistics.median(read for read, _ in times),
        caption_s=statistics.median(caption for _, caption in times),
        memory_bytes=peak_memory(),
        gpu_memory_bytes=torch.cuda.max_memory_allocated(place) if place.startswith("cuda") else None,
    )


def _times(captioner: Pipeline, pictures: Sequence[Path]) -> Iterator[tuple[float, float]]:
    """Seconds of reading and of captioning of each picture that opens."""
    from memecap.pictures.safe_open import open_picture

    is_warm = False
    for picture in pictures:
        try:
            image = open_picture(picture)
        except MemecapError as error:
            progress.say(f"{picture}: not measured: {error.what}")
            continue
        if not is_warm:
            captioner.caption(image)
            is_warm = True
        start = time.perf_counter()
        readings = captioner.read([image])
        between = time.perf_counter()
        captioner.write(captioner.look([image]), readings, images=[image])
        yield between - start, time.perf_counter() - between


def _without_cache(reader: Any) -> Any:
    """The reader's settings with what it keeps of earlier readings left aside."""
    if reader is None:
        return None
    from memecap.core.config import configure

    config = configure("reading", reader)
    return config.model_copy(update={"keep": False}) if "keep" in type(config).model_fields else config


def peak_memory(process: int | None = None) -> int:
    """Bytes: the highest resident memory of this process so far; of another one on Linux alone, elsewhere 0."""
    status = Path(f"/proc/{process or 'self'}/status")
    if status.exists():  # what Linux's getrusage says counts the parent's memory at the fork, too
        fields = dict(line.split(":", 1) for line in status.read_text(encoding="ascii", errors="replace").splitlines())
        return int(fields.get("VmHWM", "0").split()[0]) * 1024
    if process is not None:
        return 0
    import resource  # not on Windows

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
