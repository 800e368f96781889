"""A picture as it is sent to a server: no larger than wanted, as JPEG."""

from __future__ import annotations

import io

from PIL import Image


def to_jpeg(picture: Image.Image, *, max_side: int, quality: int) -> bytes:
    """The bytes of an RGB picture whose longer side is `max_side` pixels at most, its shape kept."""
    if max(picture.size) > max_side:
        share = max_side / max(picture.size)
        size = (max(1, round(picture.width * share)), max(1, round(picture.height * share)))
        picture = picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
    content = io.BytesIO()
    picture.save(content, "JPEG", quality=quality)
    return content.getvalue()
