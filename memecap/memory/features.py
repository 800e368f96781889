"""A picture → its local features outside its text: where they lie, how large they are, how they look.

SIFT (Lowe 2004) with the square root of Arandjelović & Zisserman (RootSIFT, 2012), four bits a value: 64 bytes a
feature. Nothing here is learned, so features of every machine and every year can be compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from memecap.memory.recollection import Box

VERSION = "rootsift-4bit-1"  # of what is stored; memories of another one cannot be asked or joined
AREA = 600 * 600  # pixels that a picture is scaled to, so that panels of a long comic are seen as well as a square
N_FEATURES = 1000  # of a picture, those of the highest contrast
WIDTH = 128  # values of a descriptor
_LARGEST_ZOOM = 3.0  # of small pictures; beyond it there is nothing more to see
_LONGEST = 2400  # pixels of a side after scaling
_CONTRAST = 0.02
_LARGEST_LINE = 0.4  # of a picture; a larger box is a reader's mistake, behind which the whole picture would vanish
_OF_TEXT = 2000  # features that text may have before it takes some from the picture
_GROW = 4  # pixels around a box of text, where letters still show
_LEVELS = 15 / 0.45  # four bits for a value of RootSIFT; fewer than one in 1,000 is larger
_RECORD = np.dtype([("place", "<f4", 2), ("size", "<f2"), ("angle", "u1"), ("code", "u1", WIDTH // 2)])


@dataclass(frozen=True, slots=True)
class Features:
    """Local features of one picture, the strongest first."""

    places: NDArray[np.float32]  # [N 2], x and y in pixels of the picture
    sizes: NDArray[np.float32]  # [N], pixels
    angles: NDArray[np.float32]  # [N], radians, as y grows downwards
    codes: NDArray[np.uint8]  # [N 128], 0..15

    def __len__(self) -> int:
        return len(self.sizes)

    @property
    def vectors(self) -> NDArray[np.float32]:
        """Descriptors as they are compared, [N 128], of about unit length."""
        return self.codes.astype(np.float32) / np.float32(_LEVELS)

    def mirrored(self, width: int) -> Features:
        """The features of the mirror image of a picture so wide, without looking at it: SIFT's bins change places."""
        places = self.places * np.array((-1, 1), np.float32) + np.array((width - 1, 0), np.float32)
        angles = np.mod(np.pi - self.angles, 2 * np.pi).astype(np.float32)
        bins = self.codes.reshape(-1, 4, 4, 8)[:, ::-1][..., (-np.arange(8)) % 8]
        return Features(places.astype(np.float32), self.sizes, angles, bins.reshape(-1, WIDTH))

    def chosen(self, which: NDArray[Any]) -> Features:
        """Some of them, by a mask or by numbers."""
        return Features(self.places[which], self.sizes[which], self.angles[which], self.codes[which])

    def to_bytes(self) -> bytes:
        """75 bytes a feature."""
        records = np.empty(len(self), _RECORD)
        records["place"], records["size"] = self.places, self.sizes
        records["angle"] = np.round(self.angles * (128 / np.pi)).astype(np.int64) % 256
        records["code"] = self.codes[:, ::2] << 4 | self.codes[:, 1::2]
        return records.tobytes()

    @classmethod
    def from_bytes(cls, content: bytes) -> Features:
        records = np.frombuffer(content, _RECORD)
        codes = np.empty((len(records), WIDTH), np.uint8)
        codes[:, ::2], codes[:, 1::2] = records["code"] >> 4, records["code"] & 15
        angles = records["angle"].astype(np.float32) * np.float32(np.pi / 128)
        return cls(records["place"].copy(), records["size"].astype(np.float32), angles, codes)


def of_lines(boxes: Sequence[Box], size: tuple[int, int]) -> list[Box]:
    """The boxes that may be of a line of text, on a picture of `size` (width, height)."""
    largest = _LARGEST_LINE * size[0] * size[1]
    return [box for box in boxes if (box[2] - box[0]) * (box[3] - box[1]) <= largest]


def describe(image: Image.Image, boxes: Sequence[Box] = (), *, at_most: int = N_FEATURES) -> Features:
    """The features of an upright picture, but for those in boxes (of text, watermarks), which are in its pixels."""
    import cv2

    grey = np.asarray(image.convert("L"))
    zoom = min((AREA / grey.size) ** 0.5, _LARGEST_ZOOM, _LONGEST / max(grey.shape))
    way = cv2.INTER_AREA if zoom < 1 else cv2.INTER_LINEAR
    size = (max(1, round(grey.shape[1] * zoom)), max(1, round(grey.shape[0] * zoom)))
    mask = np.full(size[::-1], 255, np.uint8)
    for left, top, right, bottom in boxes:
        first, last = (int(left * zoom) - _GROW, int(top * zoom) - _GROW), (right * zoom + _GROW, bottom * zoom + _GROW)
        mask[max(0, first[1]) : max(0, int(last[1])), max(0, first[0]) : max(0, int(last[0]))] = 0
    # cv2 chooses the strongest before it looks at the mask, and letters are stronger than what they stand on
    wanted = at_most + _OF_TEXT if boxes else at_most
    points, vectors = _sift(wanted).detectAndCompute(cv2.resize(grey, size, interpolation=way), mask)
    if not points:
        return Features.from_bytes(b"")
    found = np.array([(*point.pt, point.size, point.angle, point.response) for point in points], np.float64)
    # cv2 keeps more than it was asked for where several are equally strong
    order = np.lexsort((*found.T[:4], -found[:, 4]))[:at_most]
    found, vectors = found[order], vectors[order]
    vectors = np.sqrt(vectors / np.maximum(vectors.sum(1, keepdims=True), 1e-7))
    codes = np.minimum(np.round(vectors * _LEVELS), 15).astype(np.uint8)
    x, y = grey.shape[1] / size[0], grey.shape[0] / size[1]
    places = (found[:, :2] + 0.5) * (x, y) - 0.5  # the middle of a pixel stays the middle
    angles = np.round(found[:, 3] * (128 / 180)) % 256 * (np.pi / 128)  # as they are stored
    sizes = (found[:, 2] / zoom).astype(np.float16)
    return Features(places.astype(np.float32), sizes.astype(np.float32), angles.astype(np.float32), codes)


@cache
def _sift(at_most: int) -> Any:
    import cv2

    return cv2.SIFT.create(nfeatures=at_most, contrastThreshold=_CONTRAST)
