"""A folder of pictures that nobody has described: a corpus for `memecap label` to write captions for.

In: a folder; hidden files, and those whose endings are no pictures', are passed over. Out: items without captions.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from memecap.corpora.base import CorpusSettings, Item, Source
from memecap.errors import MissingFileError
from memecap.pictures.safe_open import find_pictures


class Settings(CorpusSettings):
    name: str = "pictures"


class Pictures(Source[Settings]):
    Config = Settings

    @property
    def pictures(self) -> Path | None:
        return self.config.source

    def items(self) -> Iterator[Item]:
        folder = self.config.source
        if not folder.is_dir():
            raise MissingFileError("no such folder of pictures", where=folder, fix="Check the path.")
        for path in find_pictures(folder):
            yield Item(key=path.relative_to(folder).as_posix(), captions=(), image=path, is_bare=True)
