"""A picture → 2 kB by which its near-duplicates are found and told from pictures of the same layout.

The picture is laid on 256 × 256 grey cells, whatever its proportions. Four views are hashed: all of it, without 3 % of
each side, without its plain borders, and both. The two hashes of a view fail differently: a watermark leaves the dHash
alone, brightness and borders the pHash. The thumbnail shows what the plain borders leave; `alignment.py` compares it.
Source of pHash: the signs of a DCT, C. Zauner, "Implementation and Benchmarking of Perceptual Image Hash Functions"
(2010), section 3.2.1. In: an upright picture. Out: bytes of `DTYPE`.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from PIL import Image

from memecap.pictures import dhash

CELLS = 256
THUMBNAIL = 44
N_VIEWS = 4
DTYPE = np.dtype(
    [
        ("phash", "<u8", N_VIEWS),
        ("dhash", "<u8", N_VIEWS),
        ("borders", "u1", 4),  # plain lines at top, bottom, left and right, of 256
        ("grey", "u1", (THUMBNAIL, THUMBNAIL)),
    ]
)
_CROP = 0.03
_PLAIN = 12  # grey levels by which a plain line may differ from the picture's edge: JPEG does so beside an edge
_SPECKS = 0.02  # share of a plain line that may differ by more
_FREQUENCIES = np.cos(np.pi * (np.arange(32) + 0.5) * np.arange(1, 9)[:, None] / 32)

Box = tuple[float, float, float, float]  # left, top, right, bottom, in cells


def fingerprint(image: Image.Image) -> bytes:
    """The fingerprint of one picture, `DTYPE.itemsize` bytes."""
    cells = _cells(image)
    grey = np.asarray(cells).astype(np.int16)
    borders = top, bottom, left, right = [_plain(side) for side in (grey, grey[::-1], grey.T, grey.T[::-1])]
    inner: Box = (left, top, CELLS - right, CELLS - bottom)
    views = [box for whole in ((0.0, 0.0, CELLS, CELLS), inner) for box in (whole, _cropped(whole))]
    found = np.zeros(1, dtype=DTYPE)
    found["phash"] = [_phash(cells, box) for box in views]
    found["dhash"] = dhash.pack(np.stack([_resized(cells, (dhash.WIDTH, dhash.HEIGHT), box) for box in views]))
    found["borders"] = borders
    found["grey"] = _resized(cells, (THUMBNAIL, THUMBNAIL), inner)
    return found.tobytes()


def unpack(fingerprints: Iterable[bytes]) -> np.ndarray:
    """Fingerprints as one array of `DTYPE`, [N]."""
    return np.frombuffer(b"".join(fingerprints), dtype=DTYPE)


def _cells(image: Image.Image) -> Image.Image:
    factor = min(image.width, image.height) // (2 * CELLS)
    if factor > 1 and image.mode in ("RGB", "L"):
        image = image.reduce(factor)  # costs less than converting every pixel
    small = min(image.size) < CELLS
    return image.convert("L").resize((CELLS, CELLS), Image.Resampling.BILINEAR if small else Image.Resampling.BOX)


def _plain(grey: np.ndarray) -> int:
    """Lines of one grey at the upper edge, at most a quarter of the picture."""
    lines = grey[: CELLS // 4]
    busy = (np.abs(lines - np.median(lines[0])) > _PLAIN).mean(axis=1) > _SPECKS
    return int(busy.argmax()) if busy.any() else len(lines)


def _cropped(box: Box) -> Box:
    left, top, right, bottom = box
    across, down = _CROP * (right - left), _CROP * (bottom - top)
    return left + across, top + down, right - across, bottom - down


def _resized(cells: Image.Image, size: tuple[int, int], box: Box) -> np.ndarray:
    return np.asarray(cells.resize(size, Image.Resampling.BOX, box=box))


def _phash(cells: Image.Image, box: Box) -> np.uint64:
    """Which of the 64 lowest frequencies, the constant ones left out, stand above their median."""
    waves = (_FREQUENCIES @ _resized(cells, (32, 32), box).astype(float) @ _FREQUENCIES.T).ravel()
    bits: np.ndarray = np.packbits(waves > np.median(waves)).view(">u8").astype(np.uint64)
    return np.uint64(bits[0])
