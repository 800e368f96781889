"""Tesseract, looked through several times: outlined capitals, screenshots and panels each have a pass that reads them.

In: upright RGB pictures. Out: lines in reading order. Each pass is one process for a batch of pictures; what it saw is
kept, so a picture is looked at once, whatever becomes of the merge. Source: Tesseract 5 (apt: tesseract-ocr-rus).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor, as_completed
from typing import ClassVar

from PIL import Image
from pydantic import Field, field_validator

from memecap.core.config import PartConfig
from memecap.reading.base import Reader, Reading
from memecap.reading.engine import passes
from memecap.reading.engine.confidence import as_line, confidence
from memecap.reading.engine.layout import in_reading_order
from memecap.reading.engine.merge import Row, merge
from memecap.reading.engine.passes import Pass, Word
from memecap.reading.engine.preprocess import LOOKS
from memecap.reading.engine.repair import repair
from memecap.reading.stored.passes import WordStore, default_path, picture_key

HANDLE = re.compile(r"(?<!\w)@\s?\w{2}")
MERGE = 5  # grows when equal words begin to give other lines
PASS = re.compile(rf"({'|'.join(LOOKS)})-(3|4|6|11)(?:@(\w+(?:\+\w+)*))?")
BATCH = 12  # pictures a process: enough to forget its start, few enough to share among cores


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
        needed = "+".join([config.languages, *(self.look(name).languages for name in config.passes)])
        self._program = f"tesseract {passes.program_version(needed)} {config.languages}"
        self._store = WordStore(default_path() if config.keep else None)

    @property
    def version(self) -> str:
        default = self.Config()
        settings = [
            f"{key}={','.join(value) if isinstance(value, tuple) else value}"
            for key, value in self.config.model_dump().items()
            if key not in self._SILENT and value != getattr(default, key)
        ]
        return " ".join([self._program, f"merge {MERGE}", *settings])

    def read(self, images: Sequence[Image.Image]) -> list[Reading]:
        return [self._reading(image, *page) for image, page in zip(images, self.pages(images), strict=True)]

    def pages(self, images: Sequence[Image.Image]) -> list[tuple[list[Row], int]]:
        """The rows of each picture in reading order and repaired, doubtful ones too, and how many passes saw it."""
        keys = [picture_key(image) for image in images]
        by_key = dict(zip(keys, images, strict=True))
        with ThreadPoolExecutor(self.config.processes) as pool:
            try:
                self._look_at_all(by_key, pool)
            except BaseException:  # Ctrl-C too: what has not begun is not worth waiting for
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        seen = [self._words(key) for key in keys]
        return [(repair(in_reading_order(merge(words))), len(words)) for words in seen]

    def _look_at_all(self, images: dict[str, Image.Image], pool: Executor) -> None:
        """Each share of the pictures goes on to the further passes as soon as its first one is done."""
        first, *others = self.config.passes
        others.sort(key=lambda name: -_cost(self.look(name)))  # the shortest last: so the processes end together
        firsts = {pool.submit(self._look, share, first): share for share in self._shares(images)}
        further: list[Future[None]] = []
        for look in as_completed(firsts):
            look.result()
            share = {key: image for key, image in firsts[look].items() if not self._is_page(key)}
            further += [pool.submit(self._look, share, name) for name in others]
        for look in further:
            look.result()

    def _shares(self, images: dict[str, Image.Image]) -> list[dict[str, Image.Image]]:
        """The pictures dealt out by size, so that shares take equally long."""
        keys = sorted(images, key=lambda key: -images[key].width * images[key].height)
        n_shares = max(-(-len(keys) // BATCH), min(self.config.processes, len(keys)))
        return [{key: images[key] for key in keys[start::n_shares]} for start in range(n_shares)]

    def _look(self, images: dict[str, Image.Image], name: str) -> None:
        """Run a pass over those pictures that it has not seen, in one process."""
        new = [key for key in images if self._store.get(key, name, self._program) is None]
        if new:
            seen = passes.run([images[key] for key in new], self.look(name))
            self._store.put(name, self._program, dict(zip(new, seen, strict=True)))

    def look(self, name: str) -> Pass:
        """A pass by its name in the configuration."""
        look, psm, languages = PASS.fullmatch(name).groups()  # type: ignore[union-attr]
        return Pass(look, int(psm), languages or self.config.languages)

    def _is_page(self, key: str) -> bool:
        """A picture that is a page of text: its first pass reads it, and each further one would take as long again."""
        words = self._store.get(key, self.config.passes[0], self._program) or []
        return sum(word.confidence > 0.8 for word in words) >= self.config.enough

    def _words(self, key: str) -> list[list[Word]]:
        names = self.config.passes[:1] if self._is_page(key) else self.config.passes
        return [self._store.get(key, name, self._program) or [] for name in names]

    def _reading(self, image: Image.Image, rows: Sequence[Row], n_passes: int) -> Reading:
        lines = []
        for row in rows:
            sure = confidence(row, rows, picture_height=image.height, n_passes=n_passes)
            line = as_line(row, sure)
            if sure >= self.config.min_confidence or HANDLE.search(line.text):
                lines.append(line)
        return Reading(tuple(lines), image.width, image.height, self.version)


def _cost(look: Pass) -> float:
    """How long a pass takes, against another: pixels to look at, by each language's network."""
    return LOOKS[look.look].growth ** 2 * len(look.languages.split("+"))
