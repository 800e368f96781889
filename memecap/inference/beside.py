"""Several captioners over the same pictures: each picture is opened, and read, once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from PIL import Image

from memecap.errors import MemecapError
from memecap.inference.pipeline import Pipeline
from memecap.inference.result import Result
from memecap.inference.sources import chunks, try_open
from memecap.pictures.safe_open import PictureSource


def beside(
    pipelines: Sequence[Pipeline], sources: Iterable[PictureSource], *, batch_size: int = 16
) -> Iterator[list[Result]]:
    """A `Result` of each pipeline for each source, in order; the first one's reader and memory speak for all."""
    reading, *_ = pipelines
    for batch in chunks(sources, batch_size):
        opened = [try_open(source) for source in batch]
        images = [image for image in opened if isinstance(image, Image.Image)]
        told = reading.remember(images, reading.read(images)) if images else []
        found = [pipeline.describe(images, told) for pipeline in pipelines]
        rows = iter(list(zip(*found, strict=True)))
        for source, image in zip(batch, opened, strict=True):
            name = str(source) if isinstance(source, str | Path) else type(source).__name__
            if isinstance(image, MemecapError):
                yield [Result(name, pipeline.name, error=image.what) for pipeline in pipelines]
            else:
                pairs = zip(pipelines, next(rows), strict=True)
                yield [Result.of(name, pipeline.name, [caption]) for pipeline, caption in pairs]
