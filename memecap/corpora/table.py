"""Any table of captions: TSV or CSV with a header, or COCO json; with pictures or without.

In: a file whose lines (or annotations) each hold a picture's id and a caption; lines of one id become one row.
Out: items, in the file's order.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from pydantic import Field

from memecap.corpora.base import CorpusSettings, Images, Item, Source
from memecap.corpora.sources import tables
from memecap.errors import DataError


class Settings(CorpusSettings):
    name: str = "table"
    id: Annotated[str, Field(description="column of the picture's id")] = "image_id"
    caption: Annotated[str, Field(description="column of the caption")] = "caption"
    file: Annotated[str, Field(description="column of the picture's file; the id when empty")] = ""
    split: Annotated[str, Field(description="column of the official split, if there is one")] = ""
    columns: Annotated[tuple[str, ...], Field(description="the columns' names, where the file has no header")] = ()
    delimiter: Annotated[str, Field(description="between fields; by the file's suffix when empty")] = ""
    quoted: Annotated[bool | None, Field(description='fields may stand in "quotes"; by the suffix when not set')] = None
    images: Images = None
    split_lists: Annotated[Path | None, Field(description="folder of train*.txt, val*.txt, test*.txt")] = None


class Table(Source[Settings]):
    Config = Settings

    def items(self) -> Iterator[Item]:
        config = self.config
        lists = tables.split_lists(config.split_lists) if config.split_lists else {}
        records = self._annotations() if config.source.suffix == ".json" else self._lines()
        for key, file, caption, split in records:
            official = lists.get(tables.listed_as(key), "") or tables.split_of_name(split)
            image = tables.picture(config.images, file or key) if config.images else None
            yield Item(key=key, captions=(tables.one_line(caption),), image=image, split=official)

    def _lines(self) -> Iterator[tuple[str, str, str, str]]:
        config = self.config
        tabs = config.source.suffix.lower() in (".tsv", ".tab", ".txt")
        lines = tables.delimited(
            config.source,
            delimiter=config.delimiter or ("\t" if tabs else ","),
            quoted=not tabs if config.quoted is None else config.quoted,
            columns=config.columns,
            key=config.id,
        )
        wanted = (config.id, config.file, config.caption, config.split)
        for place, record in lines:
            if missing := [column for column in wanted if column and column not in record]:
                fix = f"There are: {', '.join(record)}. Name yours with id=, caption=, file=, split=."
                raise DataError(f"no column {missing[0]!r}", where=place, fix=fix)
            key, file, caption, split = (record.get(column, "") for column in wanted)
            yield key, file, caption, split

    def _annotations(self) -> Iterator[tuple[str, str, str, str]]:
        for image, texts in tables.coco(self.config.source):
            file = str(image.get("file_name", ""))
            for annotation in texts:
                split = str(image.get(self.config.split or "split", ""))
                yield file or str(image["id"]), file, str(annotation.get("caption", "")), split
