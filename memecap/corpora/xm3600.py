"""Crossmodal-3600: 3,600 photographs from all over the world with captions people wrote in 36 languages, also Russian.

In: `captions.jsonl`, one picture a line, `{"image/key": …, "ru": {"caption": […]}, …}`, or the folder that holds it;
pictures are `<image/key>.jpg`. Out: items of the split `test`, for which it was made.
Source: Thapliyal et al. 2022, arXiv:2205.12522, https://google.github.io/crossmodal-3600.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from memecap.core import storage
from memecap.corpora.base import CorpusSettings, Images, Item, Licence, Source
from memecap.corpora.sources import tables
from memecap.errors import DataError


class Settings(CorpusSettings):
    name: str = "xm3600"
    licence: Licence = "captions CC BY 4.0; pictures CC BY 2.0 of their authors"
    images: Images = None
    split: Annotated[str, Field(description="the split all rows go to; empty: by the hash of the group")] = "test"


class Xm3600(Source[Settings]):
    Config = Settings

    def items(self) -> Iterator[Item]:
        config = self.config
        path = config.source / "captions.jsonl" if config.source.is_dir() else config.source
        for number, record in enumerate(storage.read_jsonl(path), 1):
            try:
                key = record["image/key"]
                captions = tuple(tables.one_line(caption) for caption in record[config.language]["caption"])
            except (KeyError, TypeError) as error:
                what = f"not a record of XM3600 with language {config.language!r}: {error!r} is not there"
                fix = "Give captions.jsonl of Crossmodal-3600 and one of its languages."
                raise DataError(what, where=f"{path}, line {number}", fix=fix) from error
            image = config.images / f"{key}.jpg" if config.images else None
            yield Item(key=key, captions=captions, image=image, split=config.split)
