"""Quote: a quoted span of a caption, and the line it comes from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from memecap.reading.base import Box, Line


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
        lefts, tops, rights, bottoms = zip(*(line.box for line in lines), strict=True)
        box = (min(lefts), min(tops), max(rights), max(bottoms))
        original = " ".join(line.text for line in lines) if any(line.translation for line in lines) else ""
        return cls(text, box, sum(line.confidence for line in lines) / len(lines), original)
