"""64-bit dHash: a picture's fingerprint that survives rescaling and recompression.

A picture is reduced to 9 × 8 grey cells; each bit says whether a cell is darker than its right neighbour. Small
Hamming distances (≤ 4) join repeats, and also templates whose text differs: group by it, never delete by it.
Source: N. Krawetz, "Kind of Like That" (2013). In: a picture. Out: an integer below 2**64, first bit highest.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

WIDTH, HEIGHT = 9, 8


def dhash(image: Image.Image) -> int:
    """The hash of one picture (upright; transparency is what its grey values make of it)."""
    small = _reduce(image).resize((WIDTH, HEIGHT), Image.Resampling.BOX)
    return int(pack(np.asarray(small)[None])[0])


def pack(grey: np.ndarray) -> np.ndarray:
    """Grey cells, uint8 [N 8 9] → hashes, uint64 [N]."""
    darker = grey[:, :, :-1] < grey[:, :, 1:]
    return np.packbits(darker.reshape(len(grey), 64), axis=1).view(">u8")[:, 0].astype(np.uint64)


def _reduce(image: Image.Image) -> Image.Image:
    """Grey, and first shrunk by a whole factor, which costs less than converting every pixel."""
    factor = min(image.width // (WIDTH * 8), image.height // (HEIGHT * 8))
    if factor > 1 and image.mode in ("RGB", "L"):
        image = image.reduce(factor)
    return image if image.mode == "L" else image.convert("L")
