"""The state of every random generator in plain values, and the switches that make torch repeat itself."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch


def random_state() -> dict[str, Any]:
    """The generators' states, of types that `torch.load(weights_only=True)` reads."""
    version, internal, gauss = random.getstate()
    name, keys, place, has_gauss, cached = np.random.get_state(legacy=True)
    return {
        "python": [version, list(internal), gauss],
        "numpy": [str(name), keys.tolist(), int(place), int(has_gauss), float(cached)],  # type: ignore[union-attr]
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
    }


def set_random_state(state: dict[str, Any]) -> None:
    """Go back to a state of `random_state`."""
    version, internal, gauss = state["python"]
    random.setstate((version, tuple(internal), gauss))
    name, keys, place, has_gauss, cached = state["numpy"]
    np.random.set_state((name, np.array(keys, dtype=np.uint32), place, has_gauss, cached))
    torch.set_rng_state(state["torch"])
    if state["cuda"]:
        torch.cuda.set_rng_state_all(state["cuda"])


@contextmanager
def repeatable(on: bool, n_threads: int | None = None) -> Iterator[None]:
    """While the block runs, refuse or allow operations whose result depends on timing, and fix the number of threads.

    Sums of floats depend on how many threads share them, so a run is repeated with as many as it had.
    """
    fill: Any = torch.utils.deterministic
    before = torch.are_deterministic_algorithms_enabled(), fill.fill_uninitialized_memory, torch.get_num_threads()
    torch.use_deterministic_algorithms(on)
    if on:
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # cuBLAS repeats itself only with this
        fill.fill_uninitialized_memory = False  # nothing here reads what it has not written
    if n_threads is not None:
        torch.set_num_threads(n_threads)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before[0])
        fill.fill_uninitialized_memory = before[1]
        if n_threads is not None:
            torch.set_num_threads(before[2])
