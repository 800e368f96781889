"""A folder of webdataset shards → a corpus that is read where it lies: rows and an index beside the tar files.

In: `*.tar`, or `shards/*.tar`, of samples that `memecap corpus export --to webdataset` wrote: `<key>.json`, the row,
and the picture under the same key with any ending. Out: `<split>/metadata.jsonl`, `shards.jsonl`, and `corpus.json`,
written last.
"""

from __future__ import annotations

import json
import re
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from memecap.core import manifest, progress, storage
from memecap.core.manifest import Corpus, Row
from memecap.core.shards import INDEX
from memecap.errors import DataError, MissingFileError

# Nothing that a stranger's archive says may lead out of the folder.
_SPLIT = re.compile(r"[\w-]+")
_FILE_NAME = re.compile(rf"{manifest.IMAGES}/[^/\\\0]+")


@dataclass(frozen=True, slots=True)
class _Sample:
    row: Row
    picture: tuple[int, int] | None  # offset and size


def index(folder: Path) -> Corpus:
    """Make a corpus of the shards in a folder, which takes its name from the folder.

    Raises:
        MissingFileError: there are no shards.
        DataError: a shard is broken, or a sample is not one that memecap exported.
    """
    shards = sorted([*folder.glob("*.tar"), *folder.glob("shards/*.tar")])
    if not shards:
        raise MissingFileError(
            "no tar files there", where=folder, fix="Make them with `memecap corpus export CORPUS --to webdataset`."
        )
    places: list[dict[str, Any]] = []
    with storage.lock(folder):
        (folder / manifest.MANIFEST).unlink(missing_ok=True)
        counts = manifest.write_rows(folder, _rows(folder, shards, places))
        storage.write_jsonl(folder / INDEX, sorted(places, key=lambda place: str(place["name"])))
        return manifest.finish(folder, folder.name, counts, source="shards")


def _rows(folder: Path, shards: list[Path], places: list[dict[str, Any]]) -> Iterator[Row]:
    """The rows of all shards; where their pictures are is noted on the way."""
    for shard in progress.track(shards, "indexing shards"):
        for sample in _samples(shard):
            if sample.picture is not None:
                name = f"{sample.row.split}/{sample.row.file_name}"
                offset, size = sample.picture
                where = shard.relative_to(folder).as_posix()
                places.append({"name": name, "shard": where, "offset": offset, "size": size})
            yield sample.row


def _samples(shard: Path) -> Iterator[_Sample]:
    """Members of one key that stand together; a second json begins another sample."""
    record: dict[str, Any] | None = None
    picture: tuple[int, int] | None = None
    key = ""
    try:
        with tarfile.open(shard, "r:") as tar:
            for member in tar:
                if not member.isreg() or member.issparse():
                    continue
                found, _, ending = Path(member.name).name.partition(".")
                is_row = ending == "json"
                if record is not None and (found != key or is_row):
                    yield _sample(record, picture, shard)
                    record = picture = None
                if found != key:
                    record, picture, key = None, None, found
                if is_row:
                    content = tar.extractfile(member)
                    assert content is not None  # regular files have one
                    record = json.load(content)
                else:
                    picture = member.offset_data, member.size
    except (tarfile.TarError, ValueError, EOFError) as error:
        raise DataError(f"broken shard: {error}", where=shard, fix="Export or fetch it again.") from error
    if record is not None:
        yield _sample(record, picture, shard)


def _sample(record: Any, picture: tuple[int, int] | None, shard: Path) -> _Sample:
    what = ""
    if not isinstance(record, dict) or not {"split", "captions", "image_id"} <= record.keys():
        what = "a sample's json is not a row of memecap"
    elif not _SPLIT.fullmatch(str(record["split"])):
        what = f"{record['split']!r} is no split"
    elif record.get("file_name") and not _FILE_NAME.fullmatch(str(record["file_name"])):
        what = f"{record['file_name']!r} is no name of a picture in a corpus"
    elif record.get("file_name") and picture is None:
        what = f"the picture of {record['image_id']} is missing"
    if what:
        raise DataError(what, where=shard, fix="Export the corpus again: `memecap corpus export … --to webdataset`.")
    if not any(record.get("source_captions", ())):
        record["source_captions"] = []  # an export fills them up with empty ones, for readers that want a type
    return _Sample(Row.from_json(record), picture if record.get("file_name") else None)
