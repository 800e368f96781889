"""Flickr30k: 31,783 photographs with five English captions each, in any of the forms it is handed around in.

- `results.csv` of Kaggle: `image_name| comment_number| comment`, one row of which lacks its last bar
- `results_20130124.token`, the official file: `id.jpg#n<TAB>caption`
- `dataset_flickr30k.json` of Karpathy, with its splits
- a folder of `<split>.<n>.en.gz` (or `.en`) whose lines belong to the lines of `<split>_images.txt`, with its splits
- a folder that holds one of the files above, as Kaggle's archive unpacks

Out: items, with the pictures of `images`, or those that lie beside the captions.
Source: Young et al. 2014, https://shannon.cs.illinois.edu/DenotationGraph/.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from pydantic import Field

from memecap.core import storage
from memecap.corpora.base import CorpusSettings, Item, Language, Licence, Source
from memecap.corpora.sources import tables
from memecap.corpora.sources.beside import ImagesBeside, around, with_pictures
from memecap.errors import DataError, MissingFileError

# The broken row of results.csv ends its number with a space instead of a bar.
_KAGGLE = re.compile(r"^(?P<file>[^|]+\.jpg)\|\s*(?P<number>\d+)\s*(?:\||\s)\s*(?P<caption>.*)$")
_TOKEN = re.compile(r"^(?P<file>[^#\t]+)#(?P<number>\d+)\t(?P<caption>.*)$")
_FILES = ("dataset_flickr30k.json", "results.csv", "results_20130124.token")  # the one with splits first
_KARPATHY_SPLITS = {"train": "train", "restval": "train", "val": "val", "test": "test"}


class Settings(CorpusSettings):
    name: str = "flickr30k"
    language: Language = "en"
    licence: Licence = "captions CC BY 3.0; pictures of their Flickr authors, for research"
    images: ImagesBeside = None
    split_lists: Annotated[
        Path | None, Field(description="folder of train*.txt, val*.txt, test*.txt, for files without official splits")
    ] = None


class Flickr30k(Source[Settings]):
    Config = Settings

    @property
    def confined_to(self) -> Path:
        return self.config.images or around(self.config.source)

    def items(self) -> Iterator[Item]:
        config = self.config
        lists = tables.split_lists(config.split_lists) if config.split_lists else {}
        for image, row in with_pictures(config.source, self._captions(), images=config.images):
            file, captions, split = row
            yield Item(
                key=file,
                captions=tuple(tables.one_line(caption) for caption in captions),
                image=image,
                split=lists.get(tables.listed_as(file), split),
            )

    def _captions(self) -> Iterator[tuple[str, tuple[str, ...], str]]:
        source = self.config.source
        if source.is_dir():
            if not (found := _packed(source)):
                return _parallel_lines(source)
            source = found
        if source.suffix == ".json":
            return _karpathy(source)
        return _numbered(source, _KAGGLE if source.suffix == ".csv" else _TOKEN)


def _packed(folder: Path) -> Path | None:
    """The one file of captions in an unpacked archive; None for a folder of parallel lines."""
    if any(folder.glob("*.en*")):
        return None
    places = (path for depth in ("", "*/", "*/*/") for name in _FILES for path in sorted(folder.glob(depth + name)))
    return next(places, None)


def _numbered(path: Path, form: re.Pattern[str]) -> Iterator[tuple[str, tuple[str, ...], str]]:
    for number, line in enumerate(_text(path).splitlines(), 1):
        if not line.strip() or (number == 1 and line.startswith("image_name")):
            continue
        match = form.match(line)
        if not match:
            fix = "results.csv has `name.jpg| n| caption`, the token file `name.jpg#n<TAB>caption`."
            raise DataError("not a caption of Flickr30k", where=f"{path}, line {number}", fix=fix)
        yield match["file"].strip(), (match["caption"],), ""


def _karpathy(path: Path) -> Iterator[tuple[str, tuple[str, ...], str]]:
    try:
        for image in storage.read_json(path)["images"]:
            captions = tuple(sentence["raw"] for sentence in image["sentences"])
            yield image["filename"], captions, _KARPATHY_SPLITS[image["split"]]
    except (KeyError, TypeError) as error:
        raise DataError(
            f"not Karpathy's json: {error!r} is not there", where=path, fix="Get dataset_flickr30k.json."
        ) from error


def _parallel_lines(folder: Path) -> Iterator[tuple[str, tuple[str, ...], str]]:
    lists = sorted(folder.glob("*_images.txt"), key=lambda path: tables.split_of_name(path.name))
    if not lists:
        fix = f"It should hold {', '.join(_FILES)}, or *_images.txt with <split>.<n>.en.gz."
        raise MissingFileError("no captions of Flickr30k there", where=folder, fix=fix)
    for names in lists:
        stem = names.name.removesuffix("_images.txt")
        files = names.read_text(encoding="utf-8").split()
        texts = sorted(path for path in folder.glob(f"{stem}.*.en*") if path.suffix in (".gz", ".en"))
        columns = [_text(path).splitlines() for path in texts]
        for path, column in zip(texts, columns, strict=True):
            if len(column) != len(files):
                raise DataError(
                    f"{len(column)} captions for {len(files)} pictures", where=path, fix=f"Compare with {names.name}."
                )
        for file, *captions in zip(files, *columns, strict=True):
            yield file, tuple(captions), tables.split_of_name(stem)


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()
        return (gzip.decompress(content) if path.suffix == ".gz" else content).decode("utf-8-sig")
    except FileNotFoundError as error:
        raise MissingFileError("no such file", where=path, fix="Check the path.") from error
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise DataError(f"cannot be read as text: {error}", where=path, fix="Get the file again.") from error
