"""Lines kept on disk: shards of some thousand grey lines, packed one after another, read many times."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]


@dataclass(frozen=True)
class Shard:
    """Lines of one file: pictures HEIGHT × width, and their texts."""

    pixels: Grey  # all lines behind each other
    ends: NDArray[np.int64]  # (lines,), in pixels
    texts: Sequence[str]
    height: int

    def __len__(self) -> int:
        return len(self.texts)

    def line(self, place: int) -> Grey:
        """The picture of a line, (height, width)."""
        start = int(self.ends[place - 1]) if place else 0
        return self.pixels[start : int(self.ends[place])].reshape(self.height, -1)

    def widths(self) -> NDArray[np.int64]:
        """Widths of all lines in pixels."""
        return np.diff(self.ends, prepend=0) // self.height


def write(path: Path, lines: Iterable[tuple[Grey, str]]) -> None:
    """Write a shard `path` (no suffix): its pixels, and beside them its texts, which come last and mark it whole."""
    pictures, texts = zip(*lines, strict=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    ends = np.cumsum([picture.size for picture in pictures]).tolist()
    with path.with_suffix(".pixels").open("wb") as file:
        for picture in pictures:
            file.write(np.ascontiguousarray(picture).tobytes())
    whole = path.with_suffix(".part")
    record = {"height": pictures[0].shape[0], "ends": ends, "texts": texts}
    whole.write_text(json.dumps(record, ensure_ascii=False), encoding="utf-8")
    whole.replace(path.with_suffix(".json"))


def read(path: Path) -> Shard:
    """Open a shard by its `.json`; its pixels stay on disk until they are looked at."""
    record = json.loads(path.read_text(encoding="utf-8"))
    pixels = np.memmap(path.with_suffix(".pixels"), np.uint8, "r")
    return Shard(pixels, np.array(record["ends"], np.int64), record["texts"], record["height"])
