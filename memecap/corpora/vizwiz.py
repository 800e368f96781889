"""VizWiz-Captions: photographs taken by blind people, with five English captions each; json or CSV.

The json is COCO-like; an annotation flagged `is_rejected` or `is_precanned` ("quality issues are too severe …") says
nothing of the picture and is dropped. The CSV is `caption,file_name`. Out: items, with the pictures of `images`, or
those that lie beside the captions, as the archives unpack; the pictures' names give the split.
Source: Gurari et al. 2020, arXiv:2002.08565, https://vizwiz.org.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from memecap.corpora.base import CorpusSettings, Item, Language, Licence, Source
from memecap.corpora.sources import tables
from memecap.corpora.sources.beside import ImagesBeside, around, with_pictures
from memecap.errors import MissingFileError


class Settings(CorpusSettings):
    name: str = "vizwiz"
    language: Language = "en"
    licence: Licence = "CC BY 4.0"
    images: ImagesBeside = None


class VizWiz(Source[Settings]):
    Config = Settings

    @property
    def confined_to(self) -> Path:
        return self.config.images or around(self.config.source)

    def items(self) -> Iterator[Item]:
        rows = ((file if Path(file).suffix else f"{file}.jpg", caption, url) for file, caption, url in self._captions())
        for image, (name, caption, url) in with_pictures(self.config.source, rows, images=self.config.images):
            yield Item(
                key=name,
                captions=(tables.one_line(caption),),
                image=image,
                split=tables.split_of_name(name.removeprefix("VizWiz_")),
                source_url=url,
            )

    def _captions(self) -> Iterator[tuple[str, str, str]]:
        for path in _annotation_files(self.config.source):
            if path.suffix == ".json":
                for image, annotations in tables.coco(path):
                    for annotation in annotations:
                        if not annotation.get("is_rejected") and not annotation.get("is_precanned"):
                            yield image["file_name"], annotation["caption"], image.get("vizwiz_url", "")
            else:
                for _, record in tables.delimited(path, delimiter=",", quoted=True, key="file_name"):
                    yield record["file_name"], record["caption"], ""


def _annotation_files(source: Path) -> list[Path]:
    """The file itself, or a folder's train.json, val.json (test.json carries no captions) or CSV files.

    vizwiz.org packs them into `annotations`, beside the folders of pictures.
    """
    if source.is_file():
        return [source]
    forms = ("*.json", "annotations/*.json", "*.csv")
    found = next((paths for form in forms if (paths := sorted(source.glob(form)))), [])
    if not found:
        raise MissingFileError("no json or CSV of captions there", where=source, fix="Check the path.")
    return found
