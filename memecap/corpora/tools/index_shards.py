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
from pathlib import Path
from typing import Any

from memecap.core import manifest, progress, storage
from memecap.core.manifest import Corpus, Row
from memecap.core.shards import INDEX
from memecap.errors import DataError, MissingFileError, UsageError

SOURCE = "shards"  # of a corpus that an index made, in corpus.json

# Nothing that a stranger's archive says may lead out of the folder.
_SPLIT = re.compile(r"[\w-]+")
_FILE_NAME = re.compile(rf"{manifest.IMAGES}/[^/\\\0]+")


_Place = tuple[int, int]  # of a picture in its shard: offset and size


def index(folder: Path) -> Corpus:
    """Make a corpus of the shards in a folder, which takes its name from the folder.

    Raises:
        MissingFileError: there are no shards.
        DataError: a shard is broken, or holds something else than samples that memecap exported; nothing was changed.
        UsageError: a corpus of files stands there, or rows that no index wrote.
    """
    _refuse_foreign(folder)
    shards = sorted([*folder.glob("*.tar"), *folder.glob("shards/*.tar")])
    if not shards:
        fix = "Make them with `memecap corpus export CORPUS --to webdataset`."
        raise MissingFileError("no tar files there", where=folder, fix=fix)
    places: list[dict[str, Any]] = []
    with storage.lock(folder):
        counts = manifest.write_rows(folder, _rows(folder, shards, places))
        storage.write_jsonl(folder / INDEX, sorted(places, key=lambda place: str(place["name"])))
        return manifest.finish(folder, folder.name, counts, source=SOURCE)


def _rows(folder: Path, shards: list[Path], places: list[dict[str, Any]]) -> Iterator[Row]:
    """The rows of all shards; where their pictures are is noted on the way."""
    rows_found = 0
    for shard in progress.track(shards, "indexing shards"):
        where = shard.relative_to(folder).as_posix()
        for row, (offset, size) in _samples(shard):
            if row.file_name:
                name = f"{row.split}/{row.file_name}"
                places.append({"name": name, "shard": where, "offset": offset, "size": size})
            rows_found += 1
            yield row
    if not rows_found:
        raise DataError("the tar files hold no row of memecap", where=folder, fix="Name a folder of exported shards.")
    manifest.reopen(folder)  # not before all have been read: a broken shard leaves the corpus as it was


def _refuse_foreign(folder: Path) -> None:
    """Raises `UsageError` where an index would write over a built corpus, or over files of the user's."""
    path = folder / manifest.MANIFEST
    if path.exists():
        record = storage.read_json(path)
        is_ours = isinstance(record, dict) and record.get("source") == SOURCE
    else:
        is_ours = (folder / manifest.UNFINISHED).exists() or not (
            (folder / INDEX).exists() or any(folder.glob(f"*/{manifest.METADATA}"))
        )
    if not is_ours:
        fix = "Move the tar files to a folder of their own, and index that."
        raise UsageError("rows stand there that no index of shards wrote", where=folder, fix=fix)


def _samples(shard: Path) -> Iterator[tuple[Row, _Place]]:
    """Members of one key that stand together; a second json begins another sample."""
    record: dict[str, Any] | None = None
    picture: _Place | None = None
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


def _sample(record: Any, picture: _Place | None, shard: Path) -> tuple[Row, _Place]:
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
    return Row.from_json(record), picture or (0, 0)
