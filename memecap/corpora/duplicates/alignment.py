"""Two pictures laid upon one another: what share of their parts agrees, from thumbnails of their fingerprints.

A crop, a border or a rescaling moves the parts of a picture, so the second thumbnail is fitted to the first by moving
the edges of the box that is cut from it (Gauss-Newton on detail, i.e. grey less its surroundings; B. Lucas and
T. Kanade, 1981). Then each of 4 × 4 parts is compared by its own correlation. Two posts of one layout correlate at .8
as a whole, since lines of text lie on lines of text, and in few of their parts; a picture and its copy agree in most,
two memes of one template in those that are equal. Dimensions: P pairs, n = 44 cells a side.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from memecap.corpora.duplicates.fingerprint import CELLS, THUMBNAIL

PARTS = 4  # a side
_CELL = THUMBNAIL // PARTS
_AGREES = 0.85  # correlation of two parts that show the same
_AGREES_ALONG = 0.6  # and of what they show along their rows
_CONTRAST = 3.0  # the most by which their contrast may differ
_BUSY = 0.1  # mean square of a part that shows something, where that of the picture is 1
_STEPS = 8
_STEP = 0.03  # share of the side: an edge moves no farther at once
_COARSE, _FINE = 6, 3  # cells around one that count as its surroundings: to fit by, to compare by
_REACH = 0.12  # an edge is moved by no more than this share of the side
_PLACES = (np.arange(THUMBNAIL, dtype=np.float32) + 0.5) / THUMBNAIL
_CHUNK = 64  # pairs at once: what they need stays in the processor's cache


def similarity(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The share of busy parts that agree, [P], of pictures whose fingerprints are `first` and `second`, [P] each.

    The better of fitting the one to the other and the other to the one. Where nothing is busy, nothing agrees.
    """
    best = np.zeros(len(first))
    for start in range(0, len(first), _CHUNK):
        part = slice(start, start + _CHUNK)
        best[part] = np.maximum(_one_way(first[part], second[part]), _one_way(second[part], first[part]))
    return best


def _one_way(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    one, other = (side["grey"].astype(np.float32) for side in (first, second))
    best = np.zeros(len(one))
    seen: list[np.ndarray] = []
    for start in _starts(first["borders"], second["borders"]):
        fresh = ~np.any([np.abs(start - box).max(axis=1) < 1e-3 for box in seen], axis=0) if seen else best < 1
        seen.append(start)
        if not fresh.any():
            continue
        pair = one[fresh], other[fresh]
        boxes = start[fresh], _fitted(*pair, start[fresh])
        best[fresh] = np.maximum.reduce([best[fresh], *(_agreement(*pair, box) for box in boxes)])
    return best


def _starts(first: np.ndarray, second: np.ndarray) -> list[np.ndarray]:
    """Boxes of the second thumbnail, [P 4], that may show what the first one shows.

    Each of the two may have a border that the other one lacks: trimmed is trimmed, whole, or the other way round.
    """
    whole = np.tile(np.array([0, 1, 0, 1], dtype=np.float32), (len(first), 1))
    kept_one, kept_other = _kept(first), _kept(second)
    outward = _relative(whole, kept_other)
    return [whole, outward, kept_one, _relative(kept_one, kept_other)]


def _kept(borders: np.ndarray) -> np.ndarray:
    """Top, bottom, left and right edge of what the borders leave, as shares of the picture."""
    edges = borders.astype(np.float32) / CELLS
    edges[:, 1::2] = 1 - edges[:, 1::2]
    return edges


def _relative(box: np.ndarray, frame: np.ndarray) -> np.ndarray:
    """A box of the picture as a box of the part of it within `frame`."""
    low, high = np.repeat(frame[:, ::2], 2, axis=1), np.repeat(frame[:, 1::2], 2, axis=1)
    return np.asarray((box - low) / (high - low))


def _fitted(one: np.ndarray, other: np.ndarray, start: np.ndarray) -> np.ndarray:
    """The box of `other` near `start` that looks most like the whole of `one`."""
    target, box = _detail(one, _COARSE), start
    for step in range(_STEPS):
        sample, inside = _cut(other, box)
        soft = int(step < _STEPS // 2)  # far from the answer, fine detail misleads
        sides = (target, _detail(sample, _COARSE))
        want, have = (np.clip(_standard(_blurred(grey, soft), inside), -2, 2) for grey in sides)
        slopes = _slopes(have, box) * inside.reshape(len(box), 1, -1)
        normal = slopes @ slopes.transpose(0, 2, 1)
        damping = 1e-3 * np.trace(normal, axis1=1, axis2=2) / 4 + 1e-6
        normal += damping[:, None, None] * np.eye(4, dtype=np.float32)
        error = ((want - have) * inside).reshape(len(box), -1, 1)
        move = np.linalg.solve(normal, slopes @ error)[:, :, 0]
        box = np.clip(box + np.clip(move, -_STEP, _STEP), start - _REACH, start + _REACH)
    return box


def _slopes(grey: np.ndarray, box: np.ndarray) -> np.ndarray:
    """How each cell changes as top, bottom, left and right edge of the box move, [P 4 n²]."""
    down = np.gradient(grey, axis=1) * THUMBNAIL / (box[:, 1] - box[:, 0])[:, None, None]
    across = np.gradient(grey, axis=2) * THUMBNAIL / (box[:, 3] - box[:, 2])[:, None, None]
    along = _PLACES[:, None]
    slopes = np.stack([down * (1 - along), down * along, across * (1 - _PLACES), across * _PLACES], axis=1)
    return np.asarray(slopes.reshape(len(grey), 4, -1))


def _agreement(one: np.ndarray, other: np.ndarray, box: np.ndarray) -> np.ndarray:
    sample, inside = _cut(other, box)
    a, b = (_standard(_detail(grey, _FINE), inside) * inside for grey in (one, sample))
    n = _parts(inside.astype(np.float32))
    aa, bb, ab = _products(a, b)
    busy = (n > _CELL**2 / 2) & (np.maximum(aa, bb) > _BUSY * n)
    agrees = (ab > _AGREES * np.sqrt(aa * bb)) & (np.maximum(aa, bb) < _CONTRAST * np.minimum(aa, bb))
    aa, bb, ab = _products(_without_stripes(a), _without_stripes(b))
    agrees &= ab > _AGREES_ALONG * np.sqrt(aa * bb)
    return np.asarray((agrees & busy).sum(axis=1) / np.maximum(busy.sum(axis=1), 1))


def _products(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return _parts(a * a), _parts(b * b), _parts(a * b)


def _without_stripes(cells: np.ndarray) -> np.ndarray:
    """Each row of a part less its mean: lines of any text are stripes, and words stand along them."""
    rows = cells.reshape(len(cells), THUMBNAIL, PARTS, _CELL)
    return np.asarray((rows - rows.mean(axis=3, keepdims=True)).reshape(cells.shape))


def _parts(cells: np.ndarray) -> np.ndarray:
    return np.asarray(cells.reshape(len(cells), PARTS, _CELL, PARTS, _CELL).sum(axis=(2, 4)).reshape(len(cells), -1))


def _cut(grey: np.ndarray, box: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """n × n samples of a box, and which of them lie inside the picture."""
    rows, tall = _between(box[:, 0], box[:, 1])
    columns, wide = _between(box[:, 2], box[:, 3])
    return rows @ grey @ columns.transpose(0, 2, 1), tall[:, :, None] & wide[:, None, :]


def _between(low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Linear interpolation at n places of one side as matrices, [P n n], and which of the places lie on it."""
    at = (low[:, None] + (high - low)[:, None] * _PLACES).astype(np.float32)
    place = np.clip(at * THUMBNAIL - 0.5, 0, THUMBNAIL - 1)
    weights = 1 - np.abs(place[:, :, None] - np.arange(THUMBNAIL, dtype=np.float32))
    return np.maximum(weights, 0), (at > -1e-6) & (at < 1 + 1e-6)


def _detail(grey: np.ndarray, reach: int) -> np.ndarray:
    return np.asarray(grey - _blurred(grey, reach))


def _blurred(grey: np.ndarray, reach: int) -> np.ndarray:
    """Each cell as the mean of the square that reaches so many cells around it."""
    mean = _means(reach)
    return np.asarray(mean @ grey @ mean.T)


@cache
def _means(reach: int) -> np.ndarray:
    """Means along one side, as a matrix; what lies beyond the edge is as the edge."""
    places = np.arange(THUMBNAIL)
    mean = np.zeros((THUMBNAIL, THUMBNAIL), dtype=np.float32)
    for step in range(-reach, reach + 1):
        np.add.at(mean, (places, np.clip(places + step, 0, THUMBNAIL - 1)), 1 / (2 * reach + 1))
    return mean


def _standard(grey: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Mean 0 and mean square 1 over what lies inside."""
    n = np.maximum(inside.sum(axis=(1, 2), keepdims=True), 1)
    grey = grey - (grey * inside).sum(axis=(1, 2), keepdims=True) / n
    deviation = np.sqrt((grey * grey * inside).sum(axis=(1, 2), keepdims=True) / n)
    return np.asarray(grey / np.maximum(deviation, 1e-3), dtype=np.float32)
