"""Where text stands: PP-OCRv6's small detector, which lies inside the wheel of `rapidocr`, run by onnxruntime.

In: an upright RGB picture. Out: a `Found` for each line of text, a tilted rectangle in the picture's own pixels.
The network gives a map of how likely each pixel belongs to the shrunken middle of a line; each connected blob becomes
the smallest rectangle around it, grown back. Source: DB (arXiv 1911.08947); PP-OCR's pre- and post-processing.
Only the file is taken from `rapidocr`, nothing of it is imported: so nothing is ever fetched or logged.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from memecap.errors import ServiceError

MODEL = "PP-OCRv6_det_small.onnx"  # Apache-2.0, PaddlePaddle/PaddleOCR
DETECTOR = "PP-OCRv6_det_small 2"  # the number grows when equal pictures begin to give other lines
MEAN, DEVIATION = 0.5, 0.5  # of each colour, as rapidocr gives pictures to this network
STEP = 32  # the sides of what the network sees are multiples of it
TEXT, SURE = 0.3, 0.5  # a pixel belongs to text from the first on; a blob is kept whose mean is above the second
GROWTH = 1.6  # how far a blob is grown back: area x growth / perimeter on each side
SMALL, MOST_GROWN = 736, 2.0  # pixels of the longer side below which a picture is enlarged, at most so much
MOST_PIXELS = 1_600_000  # a picture with more is shrunk
TILE, OVERLAP = 1600, 160  # pixels
SMALLEST = 3  # pixels of a blob's shorter side on the map

Map = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Found:
    """A line of text: corners from its top left clockwise as it is read, (4, 2), in pixels of the picture."""

    corners: NDArray[np.float32]
    confidence: float

    @property
    def size(self) -> tuple[float, float]:
        """Length along the line and height across it."""
        top_left, top_right, _, bottom_left = self.corners
        return float(np.linalg.norm(top_right - top_left)), float(np.linalg.norm(bottom_left - top_left))


class Detector:
    """The network, on a given number of threads; several threads may share it."""

    def __init__(self, n_threads: int = 1) -> None:
        self._session = session(model_file(MODEL), n_threads)
        self._input = self._session.get_inputs()[0].name

    def find(self, image: Image.Image) -> list[Found]:
        """The lines of a picture. Small pictures are enlarged, huge ones shrunk, long ones looked at in tiles."""
        seen, scale = _sized(image)
        return [
            Found((line.corners + np.array([left, top], np.float32)) / scale, line.confidence)
            for left, top, tile in _tiles(seen)
            for line in self._look(tile)
        ]

    def _look(self, image: Image.Image) -> list[Found]:
        size = tuple(max(round(side / STEP), 1) * STEP for side in image.size)
        pixels = np.array(image.resize((size[0], size[1]), Image.Resampling.BILINEAR), np.float32)
        pixels /= 255 * DEVIATION
        pixels -= MEAN / DEVIATION
        (answer,) = self._session.run(None, {self._input: pixels.transpose(2, 0, 1)[None]})
        back = np.array([image.width / size[0], image.height / size[1]], np.float32)
        return [Found(ordered(corners * back), sure) for corners, sure in blobs(answer[0, 0])]


def _sized(image: Image.Image) -> tuple[Image.Image, NDArray[np.float32]]:
    """The picture at the size at which it is looked at, and by how much its width and height grew."""
    grown = min(max(SMALL / max(image.size), 1.0), MOST_GROWN)
    grown = min(grown, math.sqrt(MOST_PIXELS / (image.width * image.height)))
    size = max(round(image.width * grown), 1), max(round(image.height * grown), 1)
    seen = image if size == image.size else image.resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0)
    return seen, np.array([size[0] / image.width, size[1] / image.height], np.float32)


def _tiles(image: Image.Image) -> Iterator[tuple[int, int, Image.Image]]:
    """Where each tile stands, and the tile: one where the picture is not long."""
    for top in _starts(image.height):
        for left in _starts(image.width):
            box = left, top, min(left + TILE, image.width), min(top + TILE, image.height)
            yield left, top, image if box == (0, 0, *image.size) else image.crop(box)


def _starts(side: int) -> list[int]:
    """Where tiles begin along a side: evenly, with at least so much overlap."""
    n_tiles = max(math.ceil((side - OVERLAP) / (TILE - OVERLAP)), 1)
    return [round(number * (side - TILE) / max(n_tiles - 1, 1)) if n_tiles > 1 else 0 for number in range(n_tiles)]


def blobs(likely: Map) -> Iterator[tuple[NDArray[np.float32], float]]:
    """The corners of each line on a map, grown back, and its mean likelihood."""
    import cv2

    mask = (likely > TEXT).astype(np.uint8)
    contours, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    for contour in contours:
        centre, (width, height), angle = cv2.minAreaRect(contour)
        if min(width, height) < SMALLEST:
            continue
        left, top, wide, high = cv2.boundingRect(contour)
        inside = np.zeros((high, wide), np.uint8)
        cv2.fillPoly(inside, [contour - (left, top)], 1)
        sure = cv2.mean(likely[top : top + high, left : left + wide], inside)[0]
        if sure >= SURE:
            grown = 2 * width * height * GROWTH / (2 * (width + height))
            yield cv2.boxPoints((centre, (width + grown, height + grown), angle)), float(sure)


def ordered(corners: NDArray[np.float32]) -> NDArray[np.float32]:
    """Corners from the top left clockwise of a line that is read along its longer side: rightwards, else upwards."""
    corners = np.asarray(corners, np.float32)
    first, second = corners[1] - corners[0], corners[2] - corners[1]
    along = first if np.linalg.norm(first) >= np.linalg.norm(second) else second
    along = along / max(float(np.linalg.norm(along)), 1e-6)
    if along[0] < 0 or (along[0] < math.sin(math.radians(10)) and along[1] > 0):
        along = -along
    across = np.array([-along[1], along[0]], np.float32)  # downwards from the line
    centre = corners.mean(0)
    lengths, heights = (corners - centre) @ along, (corners - centre) @ across
    half, tall = float(np.abs(lengths).max()), float(np.abs(heights).max())
    signs = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)], np.float32)
    placed: NDArray[np.float32] = centre + signs[:, :1] * half * along + signs[:, 1:] * tall * across
    return placed


@cache
def model_file(name: str) -> Path:
    """A network inside the installed package `rapidocr`. Raises `ServiceError` where it is not there."""
    spec = find_spec("rapidocr")
    folders = list(spec.submodule_search_locations or ()) if spec is not None else []
    for folder in folders:
        if (path := Path(folder) / "models" / name).is_file():
            return path
    where = folders[0] if folders else "rapidocr"
    raise ServiceError(f"the detector's network {name} is not there", where=where, fix="pip install 'rapidocr>=3.9'")


def session(path: Path, n_threads: int) -> Any:
    """An onnxruntime session on the CPU. Raises `ServiceError` where the file is no network."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = n_threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    options.enable_mem_pattern = False  # as below
    options.enable_cpu_mem_arena = False  # pictures of many sizes: the arena would keep the largest of each
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:
        told = f"onnxruntime cannot load the network: {str(error).splitlines()[0][:200]}"
        raise ServiceError(told, where=path, fix="pip install --force-reinstall rapidocr onnxruntime") from error
