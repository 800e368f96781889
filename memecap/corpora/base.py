"""Corpus: a source's files → items; `build` groups, splits and copies them into a corpus folder (see `manifest`).

Splits never let a picture stand on two sides, and never move a row once it has been given one: see `_journal`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from memecap.core import manifest, storage
from memecap.core.config import PartConfig
from memecap.errors import UsageError


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
    reason: str = ""  # why there is no picture where there should be one; the item is then left out


SIMILARITY = 0.3  # of 3,094 memes different ones reach .21, one template .23 to 1; copies that people change .62

Language = Annotated[str, Field(description="language of the captions, ISO 639-1")]
Licence = Annotated[str, Field(description="licence of pictures and captions, as their authors put it")]


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
    beside: Annotated[
        tuple[Path, ...], Field(description="corpora used together with this one: near-duplicates follow their splits")
    ] = ()


class Corpus(ABC):
    """A source of pictures and captions."""

    Config: type[CorpusSettings] = CorpusSettings

    def __init__(self, config: CorpusSettings) -> None:
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


def build(corpus: Corpus, folder: Path, *, on: str = "here", drop_missing: bool = False) -> manifest.Corpus:
    """Make or bring up to date the corpus in `folder`, whose name becomes the corpus's name.

    Pictures that were looked at are not looked at again, also after a kill. Items that cannot be used are named with
    their reason in `left_out.jsonl`; the answer's `details["failed"]` counts the broken and missing pictures.

    Args:
        on: where pictures are decoded, see `parallel_map`.
        drop_missing: rows that stand and that the source no longer gives are dropped instead of refused.

    Raises:
        UsageError: a corpus stands there that was split by other settings, or files that are not ours, or the source.
        DataError: the source cannot be understood, or rows that stand would be dropped; the corpus is as it was.
        TryLaterError: another process is building there.
    """
    from memecap.corpora.build.journal import Journal
    from memecap.corpora.build.place import drop_strays, refuse_drops, refuse_foreign, refuse_own_source
    from memecap.corpora.tools.card import write_card

    settings = corpus.config
    refuse_own_source(folder, [value for _, value in settings if isinstance(value, Path)], corpus.pictures)
    refuse_foreign(folder)
    rules = {key: getattr(settings, key) for key in ("val", "test", "salt", "similarity")}
    with storage.lock(folder), Journal(folder) as journal:
        _refuse_other_rules(folder, rules)
        storage.sweep(folder)
        journal.gather(corpus.items(), within=corpus.confined_to)
        journal.look(on=on)
        journal.assign(beside=settings.beside, **rules)
        if not drop_missing:
            refuse_drops(journal)
        journal.copy_pictures()
        manifest.reopen(folder)
        rows = journal.rows(folder.name, language=settings.language, licence=settings.licence)
        counts = manifest.write_rows(folder, rows)
        drop_strays(journal, counts)
        storage.write_jsonl(folder / manifest.LEFT_OUT, journal.left_out())
        details: dict[str, Any] = {"source": settings.name}
        details |= {"language": settings.language, "licence": settings.licence, **journal.tally(), "rules": rules}
        write_card(folder, folder.name, counts, details)
        return manifest.finish(folder, folder.name, counts, **details)


def _refuse_other_rules(folder: Path, rules: dict[str, object]) -> None:
    path = folder / manifest.MANIFEST
    there = storage.read_json(path).get("rules", {}) if path.exists() else {}
    if changes := [key for key in rules if key in there and rules[key] != there[key]]:  # older corpora lack some
        changed = ", ".join(f"{key}={there[key]!r}" for key in changes)
        raise UsageError(
            f"the corpus there was split with {changed}, and rows do not move",
            where=folder,
            fix="Use the same settings, or another --out, or remove the folder to split anew.",
        )
