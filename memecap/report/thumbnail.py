"""A picture → a small copy of it as a data address, for a page that loads nothing."""

from __future__ import annotations

import base64
import io

from PIL import Image

from memecap.errors import MemecapError
from memecap.pictures.safe_open import PictureSource, open_picture

SIDE = 360  # pixels of the longer side


def thumbnail(picture: PictureSource, side: int = SIDE) -> tuple[str, tuple[int, int]]:
    """A small copy of a picture as a data address, and its size; empty and 0 × 0 where it cannot be opened."""
    try:
        image = open_picture(picture)
    except MemecapError:
        return "", (0, 0)
    image.thumbnail((side, side), Image.Resampling.BICUBIC, reducing_gap=2.0)
    content = io.BytesIO()
    image.save(content, "JPEG", quality=70, optimize=True)
    return "data:image/jpeg;base64," + base64.b64encode(content.getvalue()).decode(), image.size
