"""The one road from a picture to a caption: open → read → remember → look → search → choose → rank.

`memecap caption`, `bench`, `evaluate`, validation while training and `memecap.load_captioner` go through it, with the
same reader, search, ranking, precision and device; who has stored readings or features enters it later.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import torch
from PIL import Image

from memecap.captioners.base import Captioner
from memecap.decoding.base import Search
from memecap.errors import MemecapError
from memecap.inference import frames
from memecap.inference.halving import halving
from memecap.inference.per_call import named, shown
from memecap.inference.precision import Precision, lower, writing
from memecap.inference.ranking import Ranker, Ranking
from memecap.inference.remembering import attributed, remembered
from memecap.inference.result import Result, certain
from memecap.inference.sources import chunks, try_open
from memecap.inference.styles import Style, worded
from memecap.modeling.batch import Images
from memecap.modeling.outputs import Caption
from memecap.pictures.safe_open import PictureSource, open_picture
from memecap.reading.base import Reader, Reading

if TYPE_CHECKING:
    import pandas

    from memecap.memory.memory import Memory

BATCH = 32  # pictures of a list that are captioned together

Readings = Sequence[Reading | None]
Pictures = list[PictureSource] | tuple[PictureSource, ...]
#: of a picture, of each search: the candidates, best first
Candidates = list[list[Caption]]


class Pipeline:
    """A captioner with the reader it needs, on a device, ready for any kind of picture."""

    def __init__(
        self,
        captioner: Captioner,
        reader: Reader | None = None,
        *,
        memory: Memory | None = None,
        name: str | None = None,
        decoding: Search | None = None,
        ranking: Ranking | None = None,
        precision: Precision = "fp32",
        style: Style = "plain",
        device: str | torch.device = "cpu",
    ) -> None:
        self.captioner = captioner.to(device).eval()
        self.ranker = None if ranking is None else Ranker(ranking, self.captioner)
        lower(self.captioner, precision)
        self.precision = precision
        self.style = style
        self.reader = reader
        self.memory = memory
        if memory is not None:
            self.captioner.know(memory.entries())
        self.name = name or captioner.config.name
        self.decoding = decoding or captioner.default_search()
        self.device = device

    @property
    def sees(self) -> bool:
        """Whether the captioner looks at pictures."""
        return self.captioner.sees

    @overload
    def caption(self, pictures: Pictures, decoding: Search | str | None = ..., **set_: Any) -> list[Caption]: ...
    @overload
    def caption(self, pictures: PictureSource, decoding: Search | str | None = ..., **set_: Any) -> Caption: ...
    def caption(self, pictures: Any, decoding: Search | str | None = None, **set_: Any) -> Caption | list[Caption]:
        """Describe a picture (path, URL, bytes, PIL image, array), or each of a list, tuple or column of pandas.

        `decoding` is of this call, by its name with settings too: `caption(picture, "beam", width=5)`.
        Raises `MemecapError` where a picture cannot be opened, or gets no caption; `stream` goes on past those.
        """
        search = named(decoding, set_)
        if not isinstance(pictures, list | tuple) and not hasattr(pictures, "to_list"):
            return shown(certain(self.describe([pictures], decoding=search)[0]), pictures)
        return [
            shown(certain(one), source)
            for batch in chunks(pictures, BATCH)
            for one, source in zip(self.describe(batch, decoding=search), batch, strict=True)
        ]

    def table(self, pictures: Any, *, column: str = "file") -> pandas.DataFrame:
        """Captions as a table of pandas, with an error where there is none: see `frames.described`."""
        return frames.described(self, pictures, column=column, batch_size=BATCH)

    def stream(self, sources: Iterable[PictureSource], *, batch_size: int = 16) -> Iterator[Result]:
        """A `Result` for each source, in order, as the batches are done."""
        yield from (results[0] for results in self.compare(sources, [self.decoding], batch_size=batch_size))

    def compare(
        self, sources: Iterable[PictureSource], decodings: Sequence[Search], *, batch_size: int = 16
    ) -> Iterator[list[Result]]:
        """A `Result` of each decoding for each source, in order; a picture is opened, read and seen once."""
        for batch in chunks(sources, batch_size):
            start = time.perf_counter()
            opened = [try_open(source) for source in batch]
            images = [image for image in opened if isinstance(image, Image.Image)]
            captions = iter(self._describe(images, None, decodings, start=start))
            for source, image in zip(batch, opened, strict=True):
                name = str(source) if isinstance(source, str | Path) else type(source).__name__
                if isinstance(image, MemecapError):
                    yield [Result(name, self.name, error=image.what)] * len(decodings)
                else:
                    yield [Result.of(name, self.name, found) for found in next(captions)]

    def describe(
        self, pictures: Sequence[PictureSource], readings: Readings | None = None, decoding: Search | None = None
    ) -> list[Caption]:
        """The best caption of each picture of one batch, or one with its `error`.

        Raises `MemecapError` where a picture cannot be opened.
        Args:
            readings: what was read and remembered before, so that only who looks opens them; None: that is done now.
        """
        start = time.perf_counter()
        looked_at = self.sees or (self.ranker is not None and self.ranker.judge is not None)
        images = [open_picture(picture) for picture in pictures] if looked_at or readings is None else []
        return [
            found[0] for (found,) in self._describe(images, readings, [decoding] if decoding else None, start=start)
        ]

    @torch.inference_mode()
    def _describe(
        self,
        images: Sequence[Image.Image],
        readings: Readings | None,
        decodings: Sequence[Search] | None = None,
        *,
        start: float,
    ) -> list[Candidates]:
        told = self.remember(images, self.read(images)) if readings is None else readings

        def write(part: slice) -> list[Candidates]:
            seen, began = images[part], time.perf_counter() if part.start else start
            return self.write(self.look(seen), told[part], decodings, images=seen, start=began)

        return halving(write, len(told))

    def read(self, images: Sequence[Image.Image]) -> Readings:
        """The text on pictures, as the reader sees it; None for each without a reader."""
        return self.reader.read(images) if self.reader and images else [None] * len(images)

    def remember(self, images: Sequence[Image.Image], readings: Readings) -> Readings:
        """The readings with what the memory knows of the pictures; as they are without a memory."""
        pairs = zip(images, readings, strict=True)
        return readings if self.memory is None else [remembered(self.memory, *pair) for pair in pairs]

    def look(self, images: Sequence[Image.Image]) -> Images | None:
        """What the captioner sees of pictures: features, where it has an encoder; once, for it and for the ranker."""
        seen, encoder = self.captioner.look_at(images), self.captioner.encoder
        if seen is None or seen.pixels is None or encoder is None:
            return seen and seen.to(self.device)
        with writing(self.precision, self.device):
            return Images(features=encoder(seen.pixels.to(self.device)).float())

    @torch.no_grad()  # no inference mode: what a captioner in training keeps of a batch must serve learning, too
    def write(
        self,
        seen: Images | None,
        readings: Readings,
        decodings: Sequence[Search] | None = None,
        *,
        images: Sequence[Image.Image] = (),
        start: float | None = None,
    ) -> list[Candidates]:
        """For each picture, for each decoding (None: the pipeline's one), the candidates, best first.

        Args:
            seen: what `look` made of the pictures, or their stored features.
            images: the pictures themselves, for a ranking by another judge.
            start: when the work on the batch began, by `time.perf_counter`: a caption's seconds are a share of it.
        """
        with writing(self.precision, self.device):
            each = [self._candidates(seen, readings, search, images) for search in decodings or [self.decoding]]
        seconds = None if start is None else (time.perf_counter() - start) / len(readings)
        return [
            [
                [replace(self._worded(one, reading), reading=reading, seconds=seconds) for one in found]
                for found in searched
            ]
            for *searched, reading in zip(*each, readings, strict=True)
        ]

    def _worded(self, caption: Caption, reading: Reading | None) -> Caption:
        return worded(self.captioner, attributed(caption, reading), reading, self.style)

    def _candidates(
        self, seen: Images | None, readings: Readings, search: Search, images: Sequence[Image.Image]
    ) -> list[list[Caption]]:
        """Of each picture, best first, with what they were chosen by."""
        generated = self.captioner.generate(seen, readings, search.candidates())
        found = [search.choose(*pair) for pair in zip(generated, readings, strict=True)]
        return found if self.ranker is None else self.ranker.order(found, readings, features=seen, pictures=images)
