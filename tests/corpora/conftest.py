"""Small painted pictures, and tables of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

Paint = Callable[..., Path]


@pytest.fixture
def paint(tmp_path: Path) -> Paint:
    """paint(name, seed): a picture of coarse random squares; equal seeds give pictures that look alike."""

    def painted(name: str, seed: int, *, dot: bool = False, folder: str = "images", **options: object) -> Path:
        squares = np.random.default_rng(seed).integers(0, 256, (9, 9, 3), dtype=np.uint8)
        picture = np.kron(squares, np.ones((8, 8, 1), dtype=np.uint8))
        if dot:  # other bytes, the same sight
            picture[0, 0] = 255 - picture[0, 0]
        path = tmp_path / folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(path, **options)
        return path

    return painted


@pytest.fixture
def meme_tables(tmp_path: Path, paint: Paint) -> Path:
    """A folder with train.csv, val.csv and images/, like the one memes are handed around in."""
    for split, numbers in {"train": range(6), "val": range(6, 9)}.items():
        lines = "".join(f'{n}\tНадпись "мем {n}".\n' for n in numbers)
        (tmp_path / f"{split}.csv").write_text("uid\ttext\n" + lines, encoding="utf-8")
        for number in numbers:
            paint(f"{number}.jpg", number)
    return tmp_path
