"""A dataset of the Hugging Face Hub, or a folder that `datasets` loads, with a picture and a caption in each record.

In: `owner/name` (such as yaneivan/memes_caption, justatom/meme-russian-ir, foldl/rumeme-desc) or a path. Pictures
inside the records are written to files once, by their checksum. Out: items. Where the dataset has several splits they
are honoured as official; a dataset of one split is divided by the hash of the group.
Source: https://huggingface.co/docs/datasets.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from memecap.core import storage
from memecap.corpora.base import CorpusSettings, Item, Source
from memecap.corpora.sources import tables
from memecap.errors import DataError, ServiceError, UsageError


class Settings(CorpusSettings):
    name: str = "hub"
    revision: Annotated[str | None, Field(description="branch, tag or commit of the dataset")] = None
    subset: Annotated[str | None, Field(description="the dataset's configuration, where it has several")] = None
    image: Annotated[str, Field(description="column of the picture; empty: text only")] = "image"
    caption: Annotated[str, Field(description="column of the caption, or of a list of captions")] = "caption"
    id: Annotated[str, Field(description="column of the picture's id; its number when empty")] = ""
    images: Annotated[Path, Field(description="folder where the pictures are written")] = Path("data/images/hub")


class Hub(Source[Settings]):
    Config = Settings

    @property
    def pictures(self) -> Path | None:
        return None  # in the dataset's folder, or in ours: each record is looked at

    def items(self) -> Iterator[Item]:
        splits = self._splits()
        for name, records in splits.items():
            official = tables.split_of_name(name) if len(splits) > 1 else ""
            for number, record in enumerate(records):
                place = f"{self.config.source}, {name}, record {number}"
                key = str(self._value(record, self.config.id, place)) if self.config.id else f"{name}-{number:07d}"
                captions = self._value(record, self.config.caption, place)
                texts = [captions] if isinstance(captions, str) else captions or []
                image, reason = self._image(record, place)
                yield Item(
                    key=key,
                    captions=tuple(text for text in map(tables.one_line, texts) if text),
                    image=image,
                    split=official,
                    reason=reason,
                )

    def _splits(self) -> dict[str, Any]:
        try:
            import datasets
        except ImportError as error:
            fix = "pip install 'memecap[eval]'"
            raise UsageError("the Hub's datasets need `datasets`", where="hub", fix=fix) from error
        settings, where = self.config, str(self.config.source)
        try:
            loaded = datasets.load_dataset(where, settings.subset, revision=settings.revision, streaming=True)
            if settings.image:
                loaded = loaded.cast_column(settings.image, datasets.Image(decode=False))
        except (OSError, datasets.exceptions.DatasetsError) as error:
            what = f"the dataset cannot be loaded: {type(error).__name__}: {error}".splitlines()[0]
            fix = "Check the name and the network; a closed dataset needs HF_TOKEN."
            raise ServiceError(what, where=where, fix=fix) from error
        except (ValueError, KeyError) as error:
            what = f"the dataset cannot be read: {error}".splitlines()[0]
            fix = "Check image= and subset=, the names of its column and its configuration."
            raise DataError(what, where=where, fix=fix) from error
        return dict(loaded)

    def _value(self, record: dict[str, Any], column: str, place: str) -> Any:
        if column not in record:
            fix = f"There are: {', '.join(record)}. Set image=, caption=, id=."
            raise DataError(f"no column {column!r}", where=place, fix=fix)
        return record[column]

    def _image(self, record: dict[str, Any], place: str) -> tuple[Path | None, str]:
        """The picture's file and, where there is none, why."""
        if not self.config.image:
            return None, ""
        picture = self._value(record, self.config.image, place) or {}
        content, path = picture.get("bytes"), picture.get("path")
        if content is None:
            return (Path(path), "") if path and self._is_own(Path(path)) else (None, "no picture in the record")
        digest = storage.sha256_bytes(content)
        file = self.config.images / digest[:2] / f"{digest}{Path(path or '').suffix}"
        if not file.exists():
            storage.write_bytes(file, content, durable=False)
        return file, ""

    def _is_own(self, path: Path) -> bool:
        """Whether it is a file of the dataset's own folder: a record may name any file of this machine."""
        return path.is_file() and path.resolve().is_relative_to(self.config.source.resolve())
