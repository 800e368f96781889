"""Where a captioner computes: the name of a device → one that torch has here, or a message before any work is done."""

from __future__ import annotations

import re
from multiprocessing import current_process, parent_process

import torch

from memecap.core.spelling import meant
from memecap.errors import UsageError

DEVICES = ("cpu", "cuda", "mps")
_NAME = re.compile(rf"(?P<kind>{'|'.join(DEVICES)})(:(?P<number>\d+))?")


def is_out_of_memory(error: RuntimeError) -> bool:
    """CUDA has an exception of its own, the CPU's allocator only a message."""
    return isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in str(error)


def choose(name: str | None) -> str:
    """The device of that name; the best there is for None and `auto`. Raises `UsageError` where it is not here.

    Worker processes (see `parallel_map`) that are told of no certain GPU take one each, in turn.
    """
    if name is None or name == "auto":
        name = "cuda" if _count("cuda") else "mps" if _count("mps") else "cpu"
    if name == "cuda" and parent_process() is not None:
        return _own_gpu()
    match = _NAME.fullmatch(name)
    if match is None:
        fix = f"{meant(name, DEVICES)}There are: {', '.join(DEVICES)}; the second GPU is cuda:1."
        raise UsageError(f"no device named {name!r}", where="--device", fix=fix)
    if int(match["number"] or 0) >= (n := _count(match["kind"])):
        what = f"torch sees {n or 'no'} {match['kind']} device{'' if n == 1 else 's'} here, so not {name}"
        raise UsageError(what, where="--device", fix="Take cpu, or leave --device out: the best there is is taken.")
    return name


def _own_gpu() -> str:
    """The GPU whose turn it is by the number of the worker process; SpawnProcess-1 is the first."""
    n_gpus, number = _count("cuda"), re.search(r"\d+$", current_process().name)
    return f"cuda:{(int(number[0]) - 1) % n_gpus}" if number and n_gpus > 1 else "cuda"


def describe(name: str) -> str:
    """Such as `cpu, 2 threads` or `cuda, NVIDIA H200`."""
    if name.startswith("cuda"):
        return f"{name}, {torch.cuda.get_device_name(name)}"
    n_threads = torch.get_num_threads()
    return f"{name}, {n_threads} thread{'' if n_threads == 1 else 's'}"


def _count(kind: str) -> int:
    if kind == "cuda":
        return torch.cuda.device_count() if torch.cuda.is_available() else 0
    return int(kind == "cpu" or torch.backends.mps.is_available())
