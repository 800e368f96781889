"""Batches for training: lines of like width drawn from shards, worn a little more each time they are looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from recogniser import shards
from recogniser.alphabet import classes
from recogniser.network import STRIDE

Grey = NDArray[np.uint8]
_PIXELS = 32 * 144  # columns of pixels of a batch


@dataclass(frozen=True)
class Batch:
    """Lines padded to one width by their last column, how many columns of scores are theirs, and what they say."""

    lines: Tensor  # (batch, 1, height, width), -1..1
    columns: Tensor  # (batch,)
    targets: Tensor  # (all characters,), class numbers behind each other
    lengths: Tensor  # (batch,), characters

    @classmethod
    def of(cls, pictures: Sequence[Grey], texts: Sequence[str]) -> Batch:
        widest = -(-max(picture.shape[1] for picture in pictures) // 16) * 16
        whole = np.stack([np.pad(p, ((0, 0), (0, widest - p.shape[1])), mode="edge") for p in pictures])
        lines = torch.from_numpy(whole.astype(np.float32) / 127.5 - 1)[:, None]
        columns = torch.tensor([-(-picture.shape[1] // STRIDE) for picture in pictures])
        targets = torch.tensor([number for text in texts for number in classes(text)])
        return cls(lines, columns, targets, torch.tensor([len(text) for text in texts]))


class Stock:
    """Lines of many shards, each drawn as often as another; a draw hangs on seed and step alone."""

    def __init__(self, paths: Sequence[Path], widest: int = 10_000) -> None:
        self._shards = [shards.read(path) for path in paths]
        widths = np.concatenate([shard.widths() for shard in self._shards])
        where = [(number, place) for number, shard in enumerate(self._shards) for place in range(len(shard))]
        order = np.argsort(widths, kind="stable")
        self._where = [where[place] for place in order if widths[place] <= widest]
        self._widths = widths[order][: len(self._where)]

    def __len__(self) -> int:
        return len(self._where)

    def draw(self, seed: int, step: int) -> Batch:
        """The batch of a step: neighbours in width, so that little of it is padding."""
        rng = np.random.default_rng([seed, step])
        middle = int(rng.integers(len(self)))
        count = max(8, int(_PIXELS // max(48, self._widths[middle])))
        near = range(max(0, middle - 6 * count), min(len(self), middle + 6 * count))
        pictures, texts = [], []
        for place in rng.choice(len(near), min(count, len(near)), replace=False):
            number, own = self._where[near[place]]
            text = self._shards[number].texts[own]
            picture = varied(rng, self._shards[number].line(own))
            if fits(picture, text):
                pictures.append(picture)
                texts.append(text)
        return Batch.of(pictures, texts) if texts else self.draw(seed + 1, step)


def fits(picture: Grey, text: str) -> bool:
    """Whether there are columns enough for CTC: one a character and one between equal neighbours."""
    doubles = sum(first == second for first, second in pairwise(text))
    return -(-picture.shape[1] // STRIDE) >= len(text) + doubles


def varied(rng: np.random.Generator, picture: Grey) -> Grey:
    """A line stretched, shifted, blurred, noisy, lighter, darker or inverted: a new one each time."""
    height, width = picture.shape
    if rng.random() < 0.5:
        wide = max(8, round(width * rng.uniform(0.85, 1.18)))
        picture = cv2.resize(picture, (wide, height), interpolation=cv2.INTER_LINEAR)
    if rng.random() < 0.3:
        shift = np.array([[1, 0, 0], [0, rng.uniform(0.9, 1.08), rng.uniform(-1.5, 1.5)]], np.float32)
        picture = cv2.warpAffine(picture, shift, picture.shape[::-1], borderMode=cv2.BORDER_REPLICATE)
    if rng.random() < 0.1:
        picture = cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.3, 1.0))
    values = picture.astype(np.float32)
    if rng.random() < 0.6:
        values = (values - 128) * rng.uniform(0.5, 1.3) + 128 + rng.uniform(-30, 30)
    if rng.random() < 0.2:
        values += rng.normal(0, rng.uniform(2, 10), values.shape)
    if rng.random() < 0.1:
        values = 255 - values
    return np.clip(values, 0, 255).astype(np.uint8)
