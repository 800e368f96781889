"""Nearly equal pictures on two sides of a split, found by another way than the one that made the groups.

No hash and no fingerprint: each picture of the smaller side is compared with every one of the larger by the waves of a
small grey copy, also of their middles, so that a crop or a border does not hide it. Its two nearest are opened again,
and detail of 96 × 96 cells is correlated at every small crop, cut of one side, and shift. On 3,094 memes different
posts of one layout reach .31, two memes of one template .4 to .9, copies that were scaled, cropped, bordered or marked
.92 and more (measured before cuts of one side were tried).
In: sketches of pictures, the side of each, a way to open one. Out: pairs with their correlation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations

import numpy as np
from PIL import Image, ImageFilter

SAME = 0.8  # correlation of two copies of one picture: they reach .92, frames of one layout .65
ALIKE = 0.4  # worth a look
_NEAREST = 2
_COSINE = 0.7
_MIDDLES = (1.0, 0.955, 0.91)  # of the side; what 3 % off each side and a border of 5 % leave of each other
_CELLS, _WAVES = 16, 8
_SIDE, _SHIFT = 96, 3
_CROPS = tuple(1 - 0.015 * step for step in range(9))
_CUTS = (0.03, 0.075)  # of one side alone: a strip with somebody's name, or what takes it off
_CHUNK = 128
_COSINES = np.cos(np.pi * (np.arange(_CELLS) + 0.5) * np.arange(_WAVES)[:, None] / _CELLS)
# pictures have the less of a wave the shorter it is: the weights make all count alike
_WEIGHTS = np.hypot(*np.meshgrid(np.arange(_WAVES), np.arange(_WAVES)))

Box = tuple[float, float, float, float]


def sketch(image: Image.Image) -> bytes:
    """Waves of a picture and of its middles: unit vectors, float16 [3 64]."""
    grey = image.convert("L")
    size = _CELLS, _CELLS
    boxes = [_middle(grey, ((1 - part) / 2 * grey.width, (1 - part) / 2 * grey.height)) for part in _MIDDLES]
    scaled = [np.asarray(grey.resize(size, Image.Resampling.BOX, box=box)) for box in boxes]
    cells = np.stack(scaled).astype(np.float64)
    waves = (_COSINES @ cells @ _COSINES.T * _WEIGHTS).reshape(len(_MIDDLES), -1)
    return bytes((waves / np.maximum(np.linalg.norm(waves, axis=1, keepdims=True), 1)).astype(np.float16).tobytes())


def leaks(
    sketches: list[bytes], sides: list[str], opened: Callable[[int], Image.Image], *, threshold: float = ALIKE
) -> Iterator[tuple[int, int, float]]:
    """Positions of pictures on different sides that correlate by `threshold` or more, the lower position first."""
    if not sketches:
        return
    waves = np.frombuffer(b"".join(sketches), dtype=np.float16).reshape(len(sketches), len(_MIDDLES), -1)
    places = {side: np.flatnonzero([own == side for own in sides]) for side in dict.fromkeys(sides)}
    for pair in combinations(places.values(), 2):
        few, many = sorted(pair, key=len)
        for one, other in _nearest(waves, few, many):
            if (found := correlation(opened(one), opened(other))) >= threshold:
                yield min(one, other), max(one, other), found


def correlation(first: Image.Image, second: Image.Image) -> float:
    """The highest correlation of detail, −1 to 1, when one is cropped by up to 6 % a side and moved a little."""
    one, other = (np.fft.rfft2(_details(image)) for image in (first, second))
    products = np.concatenate([one[:1].conj() * other, one.conj() * other[:1]])
    near = np.r_[0 : _SHIFT + 1, -_SHIFT:0]
    return float(np.fft.irfft2(products, s=(_SIDE, _SIDE))[:, near][:, :, near].max())


def _nearest(waves: np.ndarray, few: np.ndarray, many: np.ndarray) -> Iterator[tuple[int, int]]:
    """For each of a few pictures those of the many that look most like it, if any does."""
    theirs = waves[many].astype(np.float32)
    for start in range(0, len(few), _CHUNK):
        part = few[start : start + _CHUNK]
        ours = waves[part].astype(np.float32)
        cosines = ours[:, 0] @ theirs[:, 0].T
        for middle in range(1, len(_MIDDLES)):
            np.maximum(cosines, ours[:, 0] @ theirs[:, middle].T, out=cosines)
            np.maximum(cosines, ours[:, middle] @ theirs[:, 0].T, out=cosines)
        best = np.argsort(-cosines, axis=1, kind="stable")[:, :_NEAREST]
        rows, columns = np.nonzero(np.take_along_axis(cosines, best, axis=1) > _COSINE)
        yield from zip(part[rows].tolist(), many[best[rows, columns]].tolist(), strict=True)


def _details(image: Image.Image) -> np.ndarray:
    """Unit detail of the picture and of its middles by equal shares and by equal lengths, [crops 96 96]."""
    grey = image.convert("L")
    shorter = min(grey.size)
    boxes = {
        _middle(grey, ((1 - crop) / 2 * x, (1 - crop) / 2 * y)): None
        for crop in _CROPS
        for x, y in (grey.size, (shorter, shorter))
    }
    boxes |= {_without(grey, side, cut): None for side in range(4) for cut in _CUTS}
    cells = [grey.resize((_SIDE, _SIDE), Image.Resampling.BOX, box=box) for box in boxes]
    soft = [np.asarray(one.filter(ImageFilter.BoxBlur(3)), dtype=np.float32) for one in cells]
    detail = np.stack([np.asarray(one, dtype=np.float32) for one in cells]) - np.stack(soft)
    limit = 3 * detail.std(axis=(1, 2), keepdims=True)  # one white border must not outweigh the picture
    detail = np.clip(detail, -limit, limit)
    rows = detail.reshape(len(cells), _SIDE, 4, -1)  # lines of any text are stripes: a row less its own mean is words
    detail = (rows - rows.mean(axis=3, keepdims=True)).reshape(detail.shape)
    return np.asarray(detail / (np.linalg.norm(detail, axis=(1, 2), keepdims=True) + 1e-3))


def _without(grey: Image.Image, side: int, cut: float) -> Box:
    """All but a share at the left, top, right or bottom."""
    box = [0.0, 0.0, float(grey.width), float(grey.height)]
    box[side] += (cut if side < 2 else -cut) * grey.size[side % 2]
    return box[0], box[1], box[2], box[3]


def _middle(grey: Image.Image, off: tuple[float, float]) -> Box:
    return off[0], off[1], grey.width - off[0], grey.height - off[1]
