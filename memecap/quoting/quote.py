"""Quote: a quoted span of a caption, and the line it comes from."""

from __future__ import annotations

from dataclasses import dataclass

from memecap.reading.base import Box


@dataclass(frozen=True, slots=True)
class Quote:
    """A quoted span of a caption; box and confidence where it comes from a line that was read."""

    text: str
    box: Box | None = None
    confidence: float | None = None
    original: str = ""  # what stands on the picture, where `text` is its translation
