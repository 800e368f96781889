"""A corpus whose items are given, and its rows by key."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from memecap.core import manifest
from memecap.corpora.base import CorpusSettings, Item, Source


class Listed(Source):
    """A corpus whose items are given."""

    def __init__(self, *items: Item, **options: object) -> None:
        super().__init__(CorpusSettings(name="listed", source=Path(), **options))
        self.listed = items

    def items(self) -> Iterator[Item]:
        return iter(self.listed)


def all_rows(corpus: manifest.Corpus) -> dict[str, manifest.Row]:
    return {row.source_id: row for split in corpus.counts for row in corpus.rows(split)}


def item(key: str, image: Path | None = None, **more: object) -> Item:
    return Item(key=key, captions=(f"описание {key}",), image=image, **more)
