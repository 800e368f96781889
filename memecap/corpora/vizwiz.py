"""VizWiz-Captions: photographs taken by blind people, with five English captions each; json or CSV.

The json is COCO-like; an annotation flagged `is_rejected` or `is_precanned` ("quality issues are too severe …") says
nothing of the picture and is dropped. The CSV is `caption,file_name`. Out: items; the pictures' names give the split.
Source: Gurari et al. 2020, arXiv:2002.08565, https://vizwiz.org.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from pydantic import Field

from memecap.corpora import _tables
from memecap.corpora.base import Corpus, CorpusSettings, Item, Language, Licence
from memecap.errors import MissingFileError


class Settings(CorpusSettings):
    name: str = "vizwiz"
    language: Language = "en"
    licence: Licence = "CC BY 4.0"
    images: Annotated[Path | None, Field(description="folder of the pictures; text only when not set")] = None


class VizWiz(Corpus):
    Config = Settings

    def __init__(self, config: Settings) -> None:
        super().__init__(config)
        self.settings = config

    def items(self) -> Iterator[Item]:
        images = self.settings.images
        for file, caption, url in self._captions():
            name = file if Path(file).suffix else f"{file}.jpg"
            yield Item(
                key=name,
                captions=(_tables.one_line(caption),),
                image=images / name if images else None,
                split=_tables.split_of_name(name.removeprefix("VizWiz_")),
                source_url=url,
            )

    def _captions(self) -> Iterator[tuple[str, str, str]]:
        for path in _annotation_files(self.settings.source):
            if path.suffix == ".json":
                for image, annotations in _tables.coco(path):
                    for annotation in annotations:
                        if not annotation.get("is_rejected") and not annotation.get("is_precanned"):
                            yield image["file_name"], annotation["caption"], image.get("vizwiz_url", "")
            else:
                for _, record in _tables.delimited(path, delimiter=",", quoted=True, key="file_name"):
                    yield record["file_name"], record["caption"], ""


def _annotation_files(source: Path) -> list[Path]:
    """The file itself, or a folder's train.json, val.json (test.json carries no captions) or CSV files."""
    if source.is_file():
        return [source]
    found = sorted(source.glob("*.json")) or sorted(source.glob("*.csv"))
    if not found:
        raise MissingFileError("no json or CSV of captions there", where=source, fix="Check the path.")
    return found
