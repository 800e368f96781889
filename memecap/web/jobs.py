"""What is asked of the process that describes, and what it tells of its captioners: nothing here loads a model."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from memecap.core.defaults import MODEL
from memecap.inference.styles import Style
from memecap.web.settings import Settings

OWN = "default"  # the captioner's own way of decoding
DECODINGS = (OWN, "greedy", "nucleus", "beam", "mbr")


@dataclass(frozen=True, slots=True)
class Job:
    """A picture, and who shall describe it; nobody: it is only read."""

    content: bytes
    models: tuple[str, ...] = ()
    decodings: tuple[str, ...] = (OWN,)
    attention: bool = False
    style: Style = "plain"
    thumbnail: bool = False  # whether a small copy goes with the answer


@dataclass(frozen=True, slots=True)
class Model:
    """One captioner of a server, as it is told of."""

    name: str
    decodes: bool  # whether it matters how captions are searched for
    attends: bool  # whether it can say where it looked
    standing: dict[str, Any] | None

    def to_json(self) -> dict[str, Any]:
        return {"name": self.name, "decodes": self.decodes, "attention": self.attends, "scores": self.standing}


def named(settings: Settings) -> list[tuple[str, str]]:
    """A short name for each captioner that was named, with its place: the path's last part where that says enough."""
    places = list(dict.fromkeys(model for model in settings.models if model != MODEL))
    short = [Path(place).name for place in places]
    both = list(zip(short, places, strict=True))
    alone = [name if short.count(name) == 1 and name != MODEL else place for name, place in both]
    return list(zip(alone, places, strict=True))
