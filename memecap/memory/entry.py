"""Entry: what a memory keeps of a described picture beside its features. No picture: words, boxes and links."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from memecap.memory.recollection import Recollection, RememberedLine

PERSON = "person"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A described picture. Boxes of lines are in its own pixels."""

    image_id: str
    group_id: str
    corpus: str
    split: str
    captions: tuple[str, ...]
    width: int = 0  # in pixels; those of the picture when it is added
    height: int = 0
    lines: tuple[RememberedLine, ...] = ()  # what was read on it
    source_url: str = ""
    licence: str = ""
    written_by: str = PERSON  # or correction, or the name of a model that wrote the captions

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.width, self.height

    def recalled(self, **place: Any) -> Recollection:
        """What it says of another picture: `place` holds the fields that tell where and how surely."""
        own = ("image_id", "group_id", "corpus", "split", "captions", "written_by", "source_url", "licence")
        return Recollection(**{name: getattr(self, name) for name in own}, **place)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Entry:
        lines = tuple(RememberedLine(line["text"], tuple(line["box"])) for line in record["lines"])
        return cls(**{**record, "captions": tuple(record["captions"]), "lines": lines})
