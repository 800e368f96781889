"""Reader: pictures → `Reading`, the lines of text on each with boxes, confidence and language, in reading order."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from PIL import Image

from memecap.core.config import PartConfig
from memecap.memory.recollection import Recollection

Box = tuple[int, int, int, int]  # left, top, right, bottom
Role = Literal["text", "name", "metadata", "watermark"]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of text on a picture."""

    text: str
    box: Box  # in pixels of the upright picture
    confidence: float  # 0..1: the share of such lines that are right
    language: str = "ru"  # ISO 639-1
    translation: str = ""  # into Russian, of a line in another language, where a translator was at hand
    role: Role = "text"  # what a description quotes; or of a post its author's name, its time and buttons; a watermark

    @property
    def said(self) -> str:
        """The line as a Russian description quotes it."""
        return self.translation or self.text


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reader found on one picture: lines in reading order. `width` and `height` are the picture's, in pixels."""

    lines: tuple[Line, ...]
    width: int
    height: int
    reader: str  # name and version, so that readings of two readers are never mixed
    recollections: tuple[Recollection, ...] = ()  # pictures described before that this one shows, the surest first

    @property
    def text(self) -> str:
        """The lines joined by spaces, as a description quotes them: without names, metadata and watermarks."""
        return " ".join(line.said for line in self.lines if line.role == "text")

    def to_json(self) -> dict[str, Any]:
        record = asdict(self)
        for line in record["lines"]:
            if line["role"] == "text":  # most lines are
                del line["role"]
        if not self.recollections:  # most pictures have none
            del record["recollections"]
        return record

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Reading:
        """Raises `KeyError` or `TypeError` where it is no reading."""
        lines = tuple(Line(**{**line, "box": tuple(line["box"])}) for line in record["lines"])
        known = tuple(Recollection.from_json(found) for found in record.get("recollections", ()))
        return cls(lines, record["width"], record["height"], record["reader"], known)


def around(boxes: Iterable[Box]) -> Box:
    """The box around these, of which there is at least one."""
    left, top, right, bottom = zip(*boxes, strict=True)
    return min(left), min(top), max(right), max(bottom)


class Reader(ABC):
    """A way to read pictures. Subclasses carry their `Config` and say how they are named in stored readings."""

    Config: type[PartConfig] = PartConfig

    @property
    @abstractmethod
    def version(self) -> str:
        """Name, program version and everything in the settings that changes the result, in one short string."""

    @abstractmethod
    def read(self, images: Sequence[Image.Image]) -> list[Reading]:
        """Read upright RGB pictures, one `Reading` each, in order; a picture without text gives no lines.

        Raises:
            ServiceError: the program or the model behind the reader is not there.
        """
