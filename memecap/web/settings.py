"""What `memecap serve` is told: models, limits, and what it may keep and open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SIDE_BY_SIDE = 4  # models


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bytes, pixels, pictures, seconds and requests; what is above them is refused before it costs anything."""

    picture_bytes: int = 25_000_000
    picture_pixels: int = 64_000_000
    batch_bytes: int = 200_000_000  # of a request, and of what its archives hold unpacked
    batch_pictures: int = 1000
    waiting: int = 64  # requests that are admitted and not answered yet
    batches: int = 2  # of them batches
    together: int = 8  # pictures that are captioned together
    upload_s: float = 60.0
    correction_letters: int = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`corrections` and `urls` are off unless asked for; without a `token` everybody who reaches the port may ask."""

    models: tuple[str, ...] = ()  # beside the template, which always comes first
    loading: Mapping[str, Any] = field(default_factory=dict)  # as `load_captioner` takes it: reader, device …
    host: str = "127.0.0.1"
    token: str | None = None
    urls: bool = False
    corrections: Path | None = None
    memory: Path | None = None  # the folder of a memory that is asked about every picture
    example: bytes | None = None  # a PNG that the page offers to try
    limits: Limits = Limits()
