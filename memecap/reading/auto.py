"""The default reader: the best that this machine can do without being asked.

In: upright RGB pictures. Out: lines in reading order. Everywhere: lines found by a network and read by our own
recogniser, offline, with pip alone. Where the program `tesseract` with Russian and English is installed: merged word
by word with its passes over the whole picture and over the lines found.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from PIL import Image
from pydantic import Field

from memecap.core.config import PartConfig
from memecap.errors import ServiceError
from memecap.reading.base import Reader, Reading
from memecap.reading.engine.calibration import MERGED, OURS
from memecap.reading.engine.crops import CROPS
from memecap.reading.engine.detector import DETECTOR, Detector
from memecap.reading.engine.page import MERGE, Page
from memecap.reading.recognisers.base import RecogniserName, is_there, load
from memecap.reading.stored.crops import Crops
from memecap.reading.stored.looks import Looks
from memecap.reading.stored.passes import WordStore, default_path

LANGUAGES = "rus+eng"
LOOKS = ("plain-11", "white-11", "white_enlarged-11@rus")
ENOUGH = 150  # sure words in the first look from which a picture is a page of text: no further looks


class Auto(Reader):
    """Our recogniser, and Tesseract where it is."""

    class Config(PartConfig):
        name: str = "auto"
        tesseract: bool = Field(True, description="merge with Tesseract where it is installed with rus and eng")
        min_confidence: float = Field(
            0.05, ge=0, le=1, description="lines less likely right are left out, but for those with an @name"
        )
        processes: int = Field(2, ge=1, le=64, description="pictures, or Tesseract processes, at a time")
        keep: bool = Field(True, description="keep raw words under $MEMECAP_CACHE (~/.cache/memecap)")

    def __init__(self, config: Auto.Config) -> None:
        self.config = config
        self._store = WordStore(default_path() if config.keep else None)
        self._detector = Detector()
        self._looks = self._tesseract() if config.tesseract else None
        names: list[RecogniserName] = ["ours"] if is_there("ours") or self._looks is None else []
        if self._looks is not None:
            names.append("tesseract")
        self._crops = [Crops(load(name), self._detector, self._store, n_processes=config.processes) for name in names]

    @property
    def version(self) -> str:
        programs = [crops.program for crops in self._crops]
        programs[1:] = [program.removeprefix(f"{DETECTOR} crops {CROPS} ") for program in programs[1:]]  # said once
        sure = self.config.min_confidence
        settings = [] if sure == self.Config().min_confidence else [f"min_confidence={sure}"]
        looks = [self._looks.program] if self._looks else []
        return " ".join(["auto", *looks, *programs, f"merge {MERGE}", *settings])

    def pages(self, images: Sequence[Image.Image]) -> list[Page]:
        """The raw words of each picture."""
        with ThreadPoolExecutor(1) as pool:  # Tesseract's processes work beside the networks
            looked = pool.submit(self._looks.words, images) if self._looks else None
            crops = [crops.words(images) for crops in self._crops]
            looks = looked.result() if looked else [[] for _ in images]
        return [
            Page(image.size, *passes) for image, *passes in zip(images, looks, zip(*crops, strict=True), strict=True)
        ]

    def read(self, images: Sequence[Image.Image]) -> list[Reading]:
        weights = MERGED if self._looks else OURS
        return [page.reading(self.version, weights, self.config.min_confidence) for page in self.pages(images)]

    def _tesseract(self) -> Looks | None:
        """Its passes, or None where the program or a language is missing."""
        try:
            return Looks(LOOKS, LANGUAGES, self._store, enough=ENOUGH, n_processes=self.config.processes)
        except ServiceError:
            return None
