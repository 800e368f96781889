"""PP-OCRv5's East Slavic recogniser, fetched once from where RapidOCR keeps it, checked by its hash.

In: crops of straight lines. Out: their words. Source: PaddlePaddle/PaddleOCR, Apache-2.0, as ONNX by RapidAI/RapidOCR.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from memecap.core import storage
from memecap.errors import DataError, ServiceError
from memecap.reading.engine.detector import session
from memecap.reading.recognisers.base import Crop, Piece
from memecap.reading.recognisers.ctc import pieces

NAME = "eslav_PP-OCRv5_rec_mobile.onnx"
ADDRESS = f"https://www.modelscope.cn/models/RapidAI/RapidOCR/resolve/v3.10.0/onnx/PP-OCRv5/rec/{NAME}"
SHA256 = "08705d6721849b1347d26187f15a5e362c431963a2a62bfff4feac578c489aab"
HEIGHT, LONGEST = 48, 3200  # pixels
BATCH = 8  # crops of like width seen together


class Lines:
    """The network; `MEMECAP_ESLAV` names a file that was fetched elsewhere."""

    def __init__(self) -> None:
        self._session = session(_file(), 1)
        self._input = self._session.get_inputs()[0].name
        told = self._session.get_modelmeta().custom_metadata_map
        if "character" not in told:
            raise DataError("the network does not say its letters", where=_place(), fix=f"Fetch {ADDRESS} again.")
        self._letters = ["", *told["character"].splitlines(), " "]

    @property
    def version(self) -> str:
        return NAME.removesuffix(".onnx")

    def recognise(self, crops: Sequence[Crop]) -> list[list[Piece]]:
        order = sorted(range(len(crops)), key=lambda place: crops[place].shape[1] / crops[place].shape[0])
        read: dict[int, list[Piece]] = {}
        for first in range(0, len(order), BATCH):
            places = order[first : first + BATCH]
            pixels = [_pixels(crops[place]) for place in places]
            width = max(each.shape[2] for each in pixels)
            batch = np.zeros((len(pixels), 3, HEIGHT, width), np.float32)
            for number, each in enumerate(pixels):
                batch[number, :, :, : each.shape[2]] = each
            (answer,) = self._session.run(None, {self._input: batch})
            for place, each, line in zip(places, pixels, answer, strict=True):
                read[place] = pieces(line, self._letters, share=each.shape[2] / width)
        return [read[place] for place in range(len(crops))]


def _pixels(crop: Crop) -> NDArray[np.float32]:
    """(3, HEIGHT, W) in -1..1, blue first, as PP-OCR learnt."""
    import cv2

    height, width = crop.shape[:2]
    size = min(max(round(width * HEIGHT / height), HEIGHT // 2), LONGEST)
    grown = cv2.resize(np.ascontiguousarray(crop[:, :, ::-1]), (size, HEIGHT)).astype(np.float32)
    return np.asarray(grown / 127.5 - 1, np.float32).transpose(2, 0, 1)


def _place() -> Path:
    given = os.environ.get("MEMECAP_ESLAV")
    folder = os.environ.get("MEMECAP_CACHE")
    return Path(given) if given else (Path(folder) if folder else Path.home() / ".cache" / "memecap") / NAME


def _file() -> Path:
    """Where the network lies, fetched where it is not there. Raises `ServiceError` without a network connection."""
    import requests

    path = _place()
    if path.is_file():
        return path
    fix = f"Connect to the network once, or fetch the file elsewhere, put it to {path} or name it by MEMECAP_ESLAV."
    try:
        answer = requests.get(ADDRESS, timeout=60)
        answer.raise_for_status()
    except requests.RequestException as error:
        told = f"the East Slavic recogniser cannot be fetched: {type(error).__name__}"
        raise ServiceError(told, where=ADDRESS, fix=fix) from error
    if hashlib.sha256(answer.content).hexdigest() != SHA256:
        raise ServiceError("what came is not the East Slavic recogniser: its hash differs", where=ADDRESS, fix=fix)
    with storage.atomic_writer(path, "wb") as file:
        file.write(answer.content)
    return path
