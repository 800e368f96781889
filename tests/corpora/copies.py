"""Changed copies of painted memes, posts of one layout, and corpora of such pictures."""

from __future__ import annotations

import random
import runpy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from memecap.corpora.base import CorpusSettings, Item, Source

Change = Callable[[Image.Image], Image.Image]
CHANGES: dict[str, Change] = runpy.run_path(
    str(Path(__file__).parents[2] / "scripts" / "bench" / "bench_near_duplicates.py")
)["CHANGES"]
N_MEMES = 24
WORDS = ("кот", "пишет", "письмо", "маме", "вечером", "потому", "что", "завтра", "экзамен", "а", "не", "готов", "спать")


class Listed(Source):
    """A corpus of these pictures, their names being their keys."""

    def __init__(self, *images: Path, splits: dict[str, str] | None = None, **options: Any) -> None:
        super().__init__(CorpusSettings(name="listed", source=Path(), **options))
        self.images, self.splits = images, splits or {}

    def items(self) -> Iterator[Item]:
        for path in self.images:
            captions, split = (f"описание {path.stem}",), self.splits.get(path.stem, "")
            yield Item(key=path.stem, captions=captions, image=path, split=split)


def changed(paths: list[Path], change: Change, folder: Path) -> list[Path]:
    folder.mkdir()
    copies = [folder / f"{path.stem}-copy.png" for path in paths]
    for path, copy in zip(paths, copies, strict=True):
        with Image.open(path) as image:
            change(image.convert("RGB")).save(copy)
    return copies


def post(number: int) -> Image.Image:
    """A post: the same head, the same lines, other words and another face."""
    rng = random.Random(number)
    image = Image.new("RGB", (600, 420), "white")
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(26)
    draw.ellipse((20, 20, 80, 80), fill=tuple(rng.randrange(256) for _ in range(3)))
    for line in range(8):
        draw.text((20, 100 + 38 * line), " ".join(rng.choices(WORDS, k=6)), font=font, fill="black")
    return image
