"""Small painted pictures, and tables of them."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from memecap.core import manifest
from memecap.corpora.build.build import build
from memecap.corpora.memes import Memes, Settings
from memecap.corpora.table import Settings as TableSettings
from memecap.corpora.table import Table
from memecap.demo import world
from memecap.demo.painter import paint as paint_meme
from tests.corpora.copies import N_MEMES

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


@pytest.fixture
def corpus(meme_tables: Path, tmp_path: Path) -> manifest.Corpus:
    return build(Memes(Settings(source=meme_tables, licence="of their authors")), tmp_path / "memes")


@pytest.fixture
def texts(tmp_path: Path) -> manifest.Corpus:
    source = tmp_path / "t.tsv"
    source.write_text("image_id\tcaption\n" + "".join(f"{n}\tкот {n}\n" for n in range(40)), encoding="utf-8")
    return build(Table(TableSettings(source=source)), tmp_path / "texts")


@pytest.fixture(scope="module")
def painted(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("painted")
    paths = [folder / f"{number}.png" for number in range(N_MEMES)]
    for number, (path, meme) in enumerate(zip(paths, world.memes(N_MEMES), strict=True)):
        paint_meme(meme, random.Random(number)).save(path)
    return paths
