"""Painted pictures and a clock whose day passes in no time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image


class VirtualClock:
    """Time that passes only when somebody sleeps."""

    def __init__(self, start: float = 1_700_000_000.0) -> None:
        self.now = start
        self.sleeps: list[float] = []

    def time(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.now += seconds


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture(scope="session")
def paint(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], list[Path]]:
    """`paint(n)`: n different small JPEG files, made once."""
    folder = tmp_path_factory.mktemp("pictures")

    def make(n: int) -> list[Path]:
        paths = [folder / f"{i}.jpg" for i in range(n)]
        for i, path in enumerate(paths):
            if not path.exists():
                grid = np.random.default_rng(i).integers(0, 256, (4, 5, 3), dtype=np.uint8)
                Image.fromarray(grid).resize((50, 40), Image.Resampling.NEAREST).save(path, quality=90)
        return paths

    return make
