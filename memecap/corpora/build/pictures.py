"""A picture file → what a corpus needs to know of it: checksum, fingerprint, size, and whether its bytes can be kept.

The bytes are kept when any reader sees an upright RGB picture in them; a turned, animated, transparent or unusual file
is stored as its upright RGB copy. Only regular files are opened, and nothing that is said of one quotes its bytes: a
table may name any file of this machine.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

from PIL import Image

from memecap.core import shards, storage
from memecap.core.regular_files import open_regular
from memecap.corpora.duplicates.fingerprint import fingerprint
from memecap.pictures.check import PictureError, check, check_and_open
from memecap.pictures.safe_open import MAX_BYTES, MAX_PIXELS

_HEADS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a", b"RIFF", b"BM")  # of pictures.check.FORMATS


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
        content = _content(Path(path))
        found, upright = check_and_open(content, max_pixels=MAX_PIXELS)
    except PictureError as error:
        return Picture(path=path, reason=_reason(error)), None
    except OSError as error:
        return Picture(path=path, reason=error.strerror or type(error).__name__), None
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
    content = _content(path)
    return content if plain else check(content, max_pixels=MAX_PIXELS).copy or content


def _content(path: Path) -> bytes:
    """The bytes of a picture, of its file or in a shard; of what is none only the head is read."""
    if not path.exists() and (packed := shards.read(path)) is not None:
        return packed
    with open_regular(path) as file:
        if os.fstat(file.fileno()).st_size > MAX_BYTES:
            raise PictureError("too_many_bytes")
        head = file.read(16)
        if not head.startswith(_HEADS):
            raise PictureError("not_an_image")
        return head + file.read()


def _reason(error: PictureError) -> str:
    """Which of its faults, without the detail: that quotes bytes, right for a server's answer and wrong for a file."""
    kind = error.reason.replace("_", " ")
    if error.reason == "too_many_pixels":
        return f"{kind} ({error.detail})"
    return f"{kind} (cut short)" if "truncated" in error.detail else kind
