"""Picture → Reading → Caption: what `memecap caption` and `memecap.load_captioner` do.

Pictures are opened, read and captioned in batches; a picture that fails carries its error and stops no other one.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, overload

import torch
from PIL import Image

from memecap.captioners.base import Captioner, create
from memecap.checkpoints import checkpoint
from memecap.core import config
from memecap.core.device import choose as choose_device
from memecap.decoding.base import Search
from memecap.errors import MemecapError
from memecap.inference.precision import Precision, lower, writing
from memecap.inference.ranking import Ranker, Ranking
from memecap.modeling.batch import Images
from memecap.modeling.outputs import Caption
from memecap.pictures.safe_open import PictureSource, open_picture
from memecap.reading.base import Reader, Reading

DEFAULT_MODEL = "template"


@dataclass(frozen=True, slots=True)
class Result:
    """One picture's caption, or the reason there is none."""

    source: str
    model: str
    seconds: float  # a share of its batch's time
    caption: Caption | None = None
    error: str | None = None
    candidates: tuple[Caption, ...] = ()  # all that were found, best first; the first is `caption`

    def to_json(self) -> dict[str, Any]:
        """The record of `memecap caption --json`."""
        caption = self.caption.to_json() if self.caption else {}
        return {
            "file": self.source,
            "caption": caption.get("text"),
            "reading": caption.get("reading"),
            "quotes": caption.get("quotes", ()),
            "log_probability": caption.get("log_probability"),
            "score": caption.get("score"),
            "candidates": [
                {"caption": one.text, "score": one.score, "log_probability": one.log_probability}
                for one in self.candidates
            ],
            "model": self.model,
            "seconds": round(self.seconds, 4),
            "error": self.error,
        }


class MemeCaptioner:
    """A captioner with the reader it needs, on a device, ready for any kind of picture."""

    def __init__(
        self,
        captioner: Captioner,
        reader: Reader | None,
        *,
        name: str,
        decoding: Search | None = None,
        ranking: Ranking | None = None,
        precision: Precision = "fp32",
        device: str | torch.device = "cpu",
    ) -> None:
        self.captioner = captioner.to(device).eval()
        self.ranker = None if ranking is None else Ranker(ranking, self.captioner)
        lower(self.captioner, precision)
        self.precision = precision
        self.reader = reader
        self.name = name
        self.decoding = decoding or captioner.default_search()
        self.device = device

    @overload
    def caption(self, pictures: list[PictureSource] | tuple[PictureSource, ...]) -> list[Caption]: ...
    @overload
    def caption(self, pictures: PictureSource) -> Caption: ...
    def caption(
        self, pictures: PictureSource | list[PictureSource] | tuple[PictureSource, ...]
    ) -> Caption | list[Caption]:
        """Describe a picture (path, bytes, PIL image, array), or each of a list or tuple of them.

        Raises:
            MemecapError: a picture cannot be opened; `stream` goes on past broken pictures instead.
        """
        if not isinstance(pictures, list | tuple):
            return self.caption([pictures])[0]
        captions = []
        for batch in _chunks(pictures, 32):
            start = time.perf_counter()
            found = self._describe([open_picture(picture) for picture in batch], [self.decoding])
            seconds = (time.perf_counter() - start) / len(batch)
            captions += [replace(candidates[0], seconds=seconds) for (candidates,) in found]
        return captions

    def stream(self, sources: Iterable[PictureSource], *, batch_size: int = 16) -> Iterator[Result]:
        """A `Result` for each source, in order, as the batches are done."""
        for batch in _chunks(sources, batch_size):
            yield from (results[0] for results in self._describe_batch(batch, [self.decoding]))

    def compare(
        self, sources: Iterable[PictureSource], decodings: Sequence[Search], *, batch_size: int = 16
    ) -> Iterator[list[Result]]:
        """A `Result` of each decoding for each source, in order; a picture is opened, read and seen once."""
        for batch in _chunks(sources, batch_size):
            yield from self._describe_batch(batch, decodings)

    def _describe_batch(self, sources: Sequence[PictureSource], decodings: Sequence[Search]) -> list[list[Result]]:
        start = time.perf_counter()
        opened: list[Image.Image | MemecapError] = [_try_open(source) for source in sources]
        captions = iter(self._describe([image for image in opened if isinstance(image, Image.Image)], decodings))
        seconds = (time.perf_counter() - start) / len(sources)
        results = []
        for source, image in zip(sources, opened, strict=True):
            name = str(source) if isinstance(source, str | Path) else type(source).__name__
            if isinstance(image, MemecapError):
                results.append([Result(name, self.name, seconds, error=image.what)] * len(decodings))
                continue
            each = [tuple(replace(caption, seconds=seconds) for caption in found) for found in next(captions)]
            results.append([Result(name, self.name, seconds, caption=found[0], candidates=found) for found in each])
        return results

    def read(self, images: Sequence[Image.Image]) -> Sequence[Reading | None]:
        """The text on pictures, as the reader sees it; None for each without a reader."""
        return self.reader.read(images) if self.reader else [None] * len(images)

    @torch.inference_mode()
    def write(
        self,
        images: Sequence[Image.Image],
        readings: Sequence[Reading | None],
        decodings: Sequence[Search] | None = None,
    ) -> list[list[list[Caption]]]:
        """For each picture, for each decoding (None: the captioner's one), the candidates, best first."""
        with writing(self.precision, self.device):
            features = self._see(images)
            each = []
            for decoding in decodings or [self.decoding]:
                candidates = describe(self.captioner, features, readings, decoding)
                if self.ranker is not None:
                    candidates = self.ranker.order(candidates, readings, features=features, pictures=images)
                each.append(candidates)
        return [
            [[replace(caption, reading=reading) for caption in found] for found in of_picture]
            for *of_picture, reading in zip(*each, readings, strict=True)
        ]

    def _describe(self, images: Sequence[Image.Image], decodings: Sequence[Search]) -> list[list[list[Caption]]]:
        """As `write`, of what is read on the pictures."""
        return self.write(images, self.read(images), decodings) if images else []

    def _see(self, images: Sequence[Image.Image]) -> Images | None:
        seen, encoder = self.captioner.look_at(images), self.captioner.encoder
        if seen is None or seen.pixels is None or encoder is None:
            return seen and seen.to(self.device)
        return Images(features=encoder(seen.pixels.to(self.device)).float())  # once, for captioner and ranker


def describe(
    captioner: Captioner, images: Images | None, readings: Sequence[Reading | None], search: Search
) -> list[list[Caption]]:
    """Candidates of each picture, best first, with what they were chosen by."""
    found = captioner.generate(images, readings, search.candidates())
    return [search.choose(*pair) for pair in zip(found, readings, strict=True)]


def load_captioner(
    model: str | Path | None = None,
    *,
    reader: Any = "tesseract",
    decoding: Search | None = None,
    ranking: Ranking | None = None,
    precision: Precision = "fp32",
    device: str | None = None,
    trust_code: bool = False,
) -> MemeCaptioner:
    """A captioner ready to use.

    Args:
        model: a checkpoint folder, a run folder of `memecap train`, or a Hub id; None: `template`, with no training.
        reader: a reader's name or settings (see `memecap parts reading`), or None: no text is read.
        ranking: how the candidates of the decoding are ordered; None: as the decoding does.
        precision: bf16 is the faster and rounds products to 8 bits, so some captions differ from those of fp32.
        device: cpu, cuda, mps …; the best there is when None.
        trust_code: import the modules outside the package that the checkpoint names; importing runs them.

    Raises:
        UsageError: no such device here, or the checkpoint names such modules and `trust_code` is not set.
        MissingFileError, DataError: the folder is not a checkpoint.
        ServiceError: the model or the reader's program cannot be had.
    """
    name = str(model) if model is not None else DEFAULT_MODEL
    place = choose_device(device)
    if name == DEFAULT_MODEL:
        captioner = create(config.configure("captioners", name), ())
    else:
        captioner = checkpoint.load(name, trust_code=trust_code)
    return MemeCaptioner(
        captioner,
        config.build("reading", reader) if reader is not None else None,
        name=name,
        decoding=decoding,
        ranking=ranking,
        precision=precision,
        device=place,
    )


def _try_open(source: PictureSource) -> Image.Image | MemecapError:
    try:
        return open_picture(source)
    except MemecapError as error:
        return error


def _chunks(items: Iterable[PictureSource], size: int) -> Iterator[list[PictureSource]]:
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk
