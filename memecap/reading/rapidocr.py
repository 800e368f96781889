"""A detector finds the lines, a recogniser reads them: with pip alone, offline, slanted and vertical lines too.

In: upright RGB pictures. Out: lines in reading order. The detector is PP-OCRv6's small one, out of the wheel of
`rapidocr`; the recogniser is chosen: `ours` (learnt on painted meme lettering, inside this package), `tesseract` (the
program, a line at a time), `eslav` (PP-OCRv5's East Slavic one, fetched once).
"""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image
from pydantic import Field

from memecap.core.config import PartConfig
from memecap.reading.base import Reader, Reading
from memecap.reading.engine.calibration import CROPS, OURS
from memecap.reading.engine.detector import Detector
from memecap.reading.engine.page import MERGE, Page
from memecap.reading.recognisers.base import RecogniserName, load
from memecap.reading.stored.crops import Crops
from memecap.reading.stored.passes import WordStore, default_path


class RapidOcr(Reader):
    """Lines found by a network and read one by one."""

    class Config(PartConfig):
        name: str = "rapidocr"
        recogniser: RecogniserName = Field("ours", description="ours, tesseract or eslav: what reads the lines")
        min_confidence: float = Field(
            0.05, ge=0, le=1, description="lines less likely right are left out, but for those with an @name"
        )
        processes: int = Field(2, ge=1, le=64, description="pictures at a time")
        keep: bool = Field(True, description="keep raw words under $MEMECAP_CACHE (~/.cache/memecap)")

    def __init__(self, config: RapidOcr.Config) -> None:
        self.config = config
        store = WordStore(default_path() if config.keep else None)
        self._crops = Crops(load(config.recogniser), Detector(), store, n_processes=config.processes)

    @property
    def version(self) -> str:
        sure = self.config.min_confidence
        settings = [] if sure == self.Config().min_confidence else [f"min_confidence={sure}"]
        return " ".join(["rapidocr", self._crops.program, f"merge {MERGE}", *settings])

    def pages(self, images: Sequence[Image.Image]) -> list[Page]:
        """The raw words of each picture."""
        return [Page(image.size, crops=[words]) for image, words in zip(images, self._crops.words(images), strict=True)]

    def read(self, images: Sequence[Image.Image]) -> list[Reading]:
        weights = CROPS if self.config.recogniser == "tesseract" else OURS
        return [page.reading(self.version, weights, self.config.min_confidence) for page in self.pages(images)]
