"""Quote: a quoted span of a caption, and the line it comes from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from memecap.reading.base import Box, Line, around


@dataclass(frozen=True, slots=True)
class Quote:
    """A quoted span of a caption; box and confidence where it comes from a line that was read."""

    text: str
    box: Box | None = None
    confidence: float | None = None
    original: str = ""  # what stands on the picture, where `text` is its translation

    @classmethod
    def of(cls, text: str, lines: Sequence[Line]) -> Quote:
        """A span that stands in these lines, one at least: their common box and mean confidence."""
        original = " ".join(line.text for line in lines) if any(line.translation for line in lines) else ""
        confidence = sum(line.confidence for line in lines) / len(lines)
        return cls(text, around(line.box for line in lines), confidence, original)
