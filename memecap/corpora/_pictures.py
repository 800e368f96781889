"""A picture file → what a corpus needs to know of it: checksum, fingerprint, size, and whether its bytes can be kept.

The bytes are kept when any reader sees an upright RGB picture in them; a turned, animated, transparent or unusual file
is stored as its upright RGB copy.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from PIL import Image

from memecap import storage
from memecap.corpora._fingerprint import fingerprint
from memecap.pictures import MAX_PIXELS
from memecap.scraping.images import PictureError, check, check_and_open


@dataclass(frozen=True, slots=True)
class Picture:
    """One file's facts; `reason` is empty unless the file cannot be used."""

    path: str
    image_id: str = ""  # sha256 of the bytes that the corpus stores
    suffix: str = ""
    width: int = 0
    height: int = 0
    fingerprint: bytes = b""
    plain: bool = True  # the file's own bytes are stored
    reason: str = ""


def inspect(path: str) -> Picture:
    """Decode the whole file once. Never raises for a bad file: the reason is in the answer."""
    picture, image = inspect_and_open(path)
    return picture if image is None else replace(picture, fingerprint=fingerprint(image))


def inspect_and_open(path: str) -> tuple[Picture, Image.Image | None]:
    """As `inspect`, but the upright picture itself instead of its fingerprint, None for a bad file."""
    try:
        content = Path(path).read_bytes()
        found, upright = check_and_open(content, max_pixels=MAX_PIXELS)
    except PictureError as error:
        return Picture(path=path, reason=f"{error.reason.replace('_', ' ')} ({error.detail})"), None
    except OSError as error:
        return Picture(path=path, reason=error.strerror or str(error)), None
    picture = Picture(
        path=path,
        image_id=storage.sha256_bytes(content if found.copy is None else found.copy),
        suffix=f".{found.copy_extension}",
        width=found.width,
        height=found.height,
        plain=found.copy is None,
    )
    return picture, upright


def stored_bytes(path: Path, *, plain: bool) -> bytes:
    """The bytes a corpus stores for this file; `plain` as `inspect` found it."""
    content = path.read_bytes()
    return content if plain else check(content, max_pixels=MAX_PIXELS).copy or content
