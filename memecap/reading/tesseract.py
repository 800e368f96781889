"""Tesseract, looked through several times: outlined capitals, screenshots and panels each have a pass that reads them.

In: upright RGB pictures. Out: lines in reading order. Each pass is one process for a batch of pictures; what it saw is
kept, so a picture is looked at once, whatever becomes of the merge. Source: Tesseract 5 (apt: tesseract-ocr-rus).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from PIL import Image
from pydantic import Field, field_validator

from memecap.core.config import PartConfig
from memecap.reading.base import Reader, Reading
from memecap.reading.engine.calibration import TESSERACT
from memecap.reading.engine.page import MERGE, Page
from memecap.reading.engine.preprocess import LOOKS
from memecap.reading.stored.looks import PASS, Looks
from memecap.reading.stored.passes import WordStore, default_path


class Tesseract(Reader):
    """Several passes of the program `tesseract`, merged word by word."""

    class Config(PartConfig):
        name: str = "tesseract"
        languages: str = Field("rus+eng", description="Tesseract's language data, joined by +", min_length=3)
        passes: tuple[str, ...] = Field(
            ("plain-11", "white-11", "white_enlarged-11@rus", "enlarged-11", "dark-11"),
            description="look-mode[@languages]: a look of preprocess.py and a page segmentation mode of Tesseract",
            min_length=1,
        )
        min_confidence: float = Field(
            0.1, ge=0, le=1, description="lines less likely right are left out, but for those with an @name"
        )
        enough: int = Field(
            150, ge=1, description="sure words in the first pass from which a picture is a page: no further passes"
        )
        processes: int = Field(2, ge=1, le=64, description="Tesseract processes at a time")
        keep: bool = Field(True, description="keep raw passes under $MEMECAP_CACHE (~/.cache/memecap)")

        @field_validator("passes")
        @classmethod
        def _known(cls, passes: tuple[str, ...]) -> tuple[str, ...]:
            for name in passes:
                if not PASS.fullmatch(name):
                    raise ValueError(
                        f"no pass {name!r}: write look-mode, look one of {', '.join(LOOKS)}, mode one of 3 4 6 11"
                    )
            return passes

    #: settings that change no line
    _SILENT: ClassVar[set[str]] = {"name", "processes", "keep", "languages"}

    def __init__(self, config: Tesseract.Config) -> None:
        self.config = config
        store = WordStore(default_path() if config.keep else None)
        self._looks = Looks(config.passes, config.languages, store, enough=config.enough, n_processes=config.processes)

    @property
    def version(self) -> str:
        default = self.Config()
        settings = [
            f"{key}={','.join(value) if isinstance(value, tuple) else value}"
            for key, value in self.config.model_dump().items()
            if key not in self._SILENT and value != getattr(default, key)
        ]
        return " ".join([self._looks.program, f"merge {MERGE}", *settings])

    def pages(self, images: Sequence[Image.Image]) -> list[Page]:
        """The raw words of each picture."""
        return [Page(image.size, looks=words) for image, words in zip(images, self._looks.words(images), strict=True)]

    def read(self, images: Sequence[Image.Image]) -> list[Reading]:
        return [page.reading(self.version, TESSERACT, self.config.min_confidence) for page in self.pages(images)]
