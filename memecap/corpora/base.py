"""Source: somebody's files → items, which `corpora.build` groups, splits and copies into a corpus folder."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Generic, Literal

from pydantic import Field
from typing_extensions import TypeVar

from memecap.core.config import PartConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """What a source says of one picture, before grouping and splitting; items of one key are joined into one row."""

    key: str  # the source's own id
    captions: tuple[str, ...]
    image: Path | None = None  # None: captions without a picture
    split: str = ""  # the official split (train, val or test); empty: by the hash of the group
    group: str = ""  # the source's own reason to keep pictures together (a repost's origin)
    source_captions: tuple[str, ...] = ()
    source_url: str = ""
    is_bare: bool = False  # a picture that waits for its captions
    reason: str = ""  # why there is no picture where there should be one; the item is then left out


SIMILARITY = 0.3  # of 3,094 memes different ones reach .21, one template .23 to 1; copies that people change .62

Language = Annotated[str, Field(description="language of the captions, ISO 639-1")]
Licence = Annotated[str, Field(description="licence of pictures and captions, as their authors put it")]
Images = Annotated[Path | None, Field(description="folder of the pictures; text only when not set")]


class CorpusSettings(PartConfig):
    """What every source can be told. Each source adds its own keys."""

    source: Annotated[Path, Field(description="the source's file or folder")]
    language: Language = "ru"
    licence: Licence = ""
    val: Annotated[float, Field(ge=0, lt=1, description="share of groups without an official split for val")] = 0.1
    test: Annotated[float, Field(ge=0, lt=1, description="share of groups without an official split for test")] = 0.1
    salt: Annotated[str, Field(description="another salt, another division into splits")] = "memecap"
    similarity: Annotated[
        float, Field(gt=0, le=1, description="share of the parts of two pictures that agree where they are one group")
    ] = SIMILARITY
    split_by: Annotated[
        Literal["file", "group", "picture"],
        Field(
            description="what stays on one side: equal files; near-duplicates and memes of one template, too; or "
            "whatever shows one picture, as a memory sees it"
        ),
    ] = "group"
    beside: Annotated[
        tuple[Path, ...], Field(description="corpora used together with this one: near-duplicates follow their splits")
    ] = ()


SettingsT = TypeVar("SettingsT", bound=CorpusSettings, default=CorpusSettings, covariant=True)


class Source(ABC, Generic[SettingsT]):
    """A source of pictures and captions; a part names its settings: `class Memes(Source[Settings])`."""

    Config: type[CorpusSettings] = CorpusSettings

    def __init__(self, config: SettingsT) -> None:
        self.config = config

    @property
    def pictures(self) -> Path | None:
        """The folder below which the source's pictures lie; one that the source names outside it is refused."""
        return getattr(self.config, "images", None)

    @property
    def confined_to(self) -> Path | None:
        """The folder that no picture may lead out of; None where the source judges its pictures itself."""
        return self.pictures

    @abstractmethod
    def items(self) -> Iterator[Item]:
        """Everything in the source. Raises `DataError` naming file and line for a row that cannot be understood."""
