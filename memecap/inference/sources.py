"""What a pipeline is given: pictures of any kind, in batches, broken ones among them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from PIL import Image

from memecap.errors import MemecapError
from memecap.pictures.safe_open import PictureSource, open_picture


def try_open(source: PictureSource) -> Image.Image | MemecapError:
    """The picture, or why it cannot be opened."""
    try:
        return open_picture(source)
    except MemecapError as error:
        return error


def chunks(sources: Iterable[PictureSource], size: int) -> Iterator[list[PictureSource]]:
    """The sources in lists of `size`, the last one shorter."""
    iterator = iter(sources)
    while chunk := list(islice(iterator, size)):
        yield chunk
