"""EasyOCR, a reader of its own neural networks: slower than Tesseract without a GPU, better on text in scenes.

In: upright RGB pictures. Out: lines in reading order; their confidence is EasyOCR's own, not calibrated on memes.
Source: JaidedAI/EasyOCR. Needs `pip install memecap[easyocr]` and, at first, the network for its models.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from PIL import Image
from pydantic import Field

from memecap.core.config import PartConfig
from memecap.errors import ServiceError
from memecap.reading.base import Box, Reader, Reading
from memecap.reading.engine.confidence import as_line
from memecap.reading.engine.layout import in_reading_order
from memecap.reading.engine.merge import Seen, into_rows
from memecap.reading.engine.passes import Word


class EasyOcr(Reader):
    """EasyOCR's detector and recogniser."""

    class Config(PartConfig):
        name: str = "easyocr"
        languages: tuple[str, ...] = Field(("ru", "en"), description="EasyOCR's language codes", min_length=1)
        models: str | None = Field(None, description="folder of its models; EasyOCR's own place when not given")
        gpu: bool = Field(False, description="use a GPU")
        min_confidence: float = Field(0.3, ge=0, le=1, description="pieces less sure are left out")

    def __init__(self, config: EasyOcr.Config) -> None:
        self.config = config
        self._engine, self._program = _engine(config)

    @property
    def version(self) -> str:
        return f"easyocr {self._program} {'+'.join(self.config.languages)} {self.config.min_confidence}"

    def read(self, images: Sequence[Image.Image]) -> list[Reading]:
        return [self._reading(image, self._engine.readtext(np.asarray(image))) for image in images]

    def _reading(self, image: Image.Image, pieces: Iterable[tuple[Any, str, float]]) -> Reading:
        seen = [
            Seen(Word(text, _upright(corners), float(sure), number), 0)
            for number, (corners, text, sure) in enumerate(pieces)
            if sure >= self.config.min_confidence and text.strip()
        ]
        rows = in_reading_order(into_rows(seen))
        lines = tuple(as_line(row, sum(each.word.confidence for each in row) / len(row)) for row in rows)
        return Reading(lines, image.width, image.height, self.version)


def _upright(corners: Any) -> Box:
    """The upright box around the four corners of a tilted one."""
    across, down = [int(x) for x, _ in corners], [int(y) for _, y in corners]
    return min(across), min(down), max(across), max(down)


def _engine(config: EasyOcr.Config) -> tuple[Any, str]:
    try:
        import easyocr
    except ImportError as error:
        fix = "pip install 'memecap[easyocr]'"
        raise ServiceError(f"EasyOCR is not installed: {error}", where="reader: easyocr", fix=fix) from error
    try:
        engine = easyocr.Reader(
            list(config.languages), gpu=config.gpu, model_storage_directory=config.models, verbose=False
        )
    except (OSError, ValueError) as error:
        where = config.models or "~/.EasyOCR/model"
        fix = "Connect to the network once, or put its models into that folder; check the language codes."
        raise ServiceError(f"EasyOCR cannot load its models: {error}", where=where, fix=fix) from error
    return engine, str(easyocr.__version__)
