"""Captions that people put right on the page of `memecap serve`: of each picture the last correction.

In: the folder that `memecap serve --corrections` adds to. Out: one item a picture.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from memecap.core import corrections
from memecap.corpora.base import CorpusSettings, Item, Source
from memecap.corpora.sources import tables


class Settings(CorpusSettings):
    name: str = "corrections"


class Corrections(Source[Settings]):
    Config = Settings

    @property
    def pictures(self) -> Path | None:
        return self.config.source / "images"

    def items(self) -> Iterator[Item]:
        folder = self.config.source
        last = {found.image_id: found for _, found in corrections.read(folder)}
        for image_id, found in last.items():
            yield Item(key=image_id, captions=(tables.one_line(found.caption),), image=folder / found.file)
