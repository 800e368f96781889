"""A picture of any size → one of no more pixels than wanted, and not too narrow for a network that refuses such."""

from __future__ import annotations

import math

from PIL import Image


def within(picture: Image.Image, *, max_pixels: int | None = None, narrowest: int = 50) -> Image.Image:
    """The picture, shrunk with its shape kept; a very narrow one is then laid on white, at the left or the top.

    Args:
        narrowest: the longer side is no more than so many times the shorter one.
    """
    width, height = picture.size
    if max_pixels is not None and width * height > max_pixels:
        share = math.sqrt(max_pixels / (width * height))
        width, height = max(1, int(width * share)), max(1, int(height * share))
        picture = picture.resize((width, height), Image.Resampling.BICUBIC)
    least = math.ceil(max(width, height) / narrowest)
    if min(width, height) >= least:
        return picture
    laid = Image.new(picture.mode, (max(width, least), max(height, least)), "white")
    laid.paste(picture)
    return laid
