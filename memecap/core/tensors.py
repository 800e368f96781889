"""Files of tensors → tensors: pickles of torch (`.pt`, `.bin`) and safetensors, read without running anything in them.

A file that is cut short, is something else, or has a flipped bit in a pickle's zip becomes one `DataError`.
"""

from __future__ import annotations

import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from memecap.errors import DataError, MemecapError, MissingFileError


def read_pickle(path: Path, *, fix: str) -> Any:
    """The value of a file of `torch.save`, on the CPU: tensors, containers and plain values, no other class.

    torch writes a CRC-32 beside each record of its zip and does not look at it; here they are compared. Files from
    before 2020 are no zips and have none.

    Raises `MissingFileError`, or `DataError` where it cannot be read or is not what was written.
    """
    try:
        with path.open("rb") as file:
            if file.read(2) == b"PK":
                with zipfile.ZipFile(file) as records:
                    if broken := records.testzip():
                        raise zipfile.BadZipFile(f"the checksum of {broken} is wrong")
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # of pickle, zipfile, zlib, torch and struct: whatever the first wrong byte meets
        raise _unreadable(path, error, fix) from error


def read_safetensors(path: Path, *, fix: str) -> dict[str, Tensor]:
    """The tensors of a safetensors file by name. Raises as `read_pickle` does, without checksums."""
    try:
        return load_file(path)
    except (SafetensorError, OSError, ValueError, KeyError, RuntimeError) as error:
        raise _unreadable(path, error, fix) from error


def misfits(state: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> list[str]:
    """The names that only one of them has, or whose shapes differ."""
    differing = (name for name in state.keys() & expected.keys() if state[name].shape != expected[name].shape)
    return sorted({*(state.keys() ^ expected.keys()), *differing})


def _unreadable(path: Path, error: Exception, fix: str) -> MemecapError:
    if isinstance(error, FileNotFoundError):
        return MissingFileError("no such file", where=path, fix=fix)
    told = str(error).strip().splitlines() or [type(error).__name__]
    if isinstance(error, pickle.UnpicklingError):  # torch advises to run whatever the pickle says
        told = ["not a pickle of tensors alone"]
    return DataError(f"broken weights, or not a file of weights: {told[0]}", where=path, fix=fix)
