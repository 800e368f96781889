"""Row, and a corpus on disk: `<corpus>/<split>/metadata.jsonl` + `<corpus>/<split>/images/`.

One row is one picture with all its captions. `datasets.load_dataset("imagefolder", data_dir=corpus)` loads a corpus as
it is. `corpus.json` is written last: its existence means that the corpus is whole.

A row's split is a function of its group alone (or an official split, honoured by name), so adding rows never moves an
old one, and no picture of a group stands on two sides.
"""

from __future__ import annotations

import hashlib
import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, fields, replace
from itertools import islice
from operator import attrgetter
from pathlib import Path
from typing import Any

from memecap.core import storage, sums
from memecap.errors import DataError, MissingFileError, UsageError

SPLITS = ("train", "val", "test")
MANIFEST = "corpus.json"
METADATA = "metadata.jsonl"
IMAGES = "images"  # the folder of a split's pictures
LEFT_OUT = "left_out.jsonl"  # items that got no row, with the reason of each
PICTURES = ".pictures.sqlite"  # what a build found out of the pictures; a corpus can be used without it
_TOLD_OF = {".json", ".jsonl", ".md"}  # files at the top of a corpus whose checksums are written down
UNFINISHED = ".unfinished"  # stands where a corpus is being made, until `corpus.json` does


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A picture and its captions; a row without a picture (`file_name` empty) is text to learn the language from."""

    captions: tuple[str, ...]
    image_id: str  # sha256 of the picture's bytes; of the source's own id where there is no picture
    group_id: str  # equal for pictures that must not be parted: near-duplicates, reposts
    corpus: str
    split: str
    file_name: str = ""  # relative to the split's folder, as imagefolder wants it: images/<name>
    language: str = "ru"
    source_captions: tuple[str, ...] = ()  # before translation or cleaning
    translator: str = ""
    written_by: str = ""  # the model that wrote the captions; empty: people
    source_id: str = ""  # the source's own name of the picture
    source_url: str = ""
    licence: str = ""

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Row:
        """Raises `DataError` naming the unknown or missing keys, or where a value is none that a row has."""
        if not isinstance(record, dict):
            raise DataError("a row is an object", fix="Build the corpus again with this version of memecap.")
        keys = record.keys()
        if not _REQUIRED <= keys <= _KEYS:
            fix = "Build the corpus again with this version of memecap."
            raise DataError(f"a row lacks {sorted(_REQUIRED - keys)} and has unknown {sorted(keys - _KEYS)}", fix=fix)
        if strange := [key for key, value in record.items() if not _is_fit(key, value)]:
            fix = "Build the corpus again with this version of memecap."
            raise DataError(f"a row's {strange[0]} is {record[strange[0]]!r}", fix=fix)
        values = dict(record)
        values["captions"] = tuple(record["captions"])
        values["source_captions"] = tuple(record.get("source_captions", ()))
        return cls(**values)

    def to_json(self) -> dict[str, Any]:
        record = dict(zip(_KEYS, _values(self), strict=True))
        if not self.written_by:  # most captions are people's
            del record["written_by"]
        return record


_ENDING = re.compile(r"(?<=[^/.])\.(?:jpe?g|jfif|png|gif|webp|bmp|tiff?|avif)$", re.IGNORECASE)

# A run that was killed in its first moments leaves these and nothing else.
_FIRST_FILES = frozenset({".lock", *(PICTURES + end for end in ("", "-wal", "-shm", "-journal"))})

# Asked once, not once for each of a million rows.
_KEYS = dict.fromkeys(key.name for key in fields(Row)).keys()
_LISTS = frozenset({"captions", "source_captions"})
_REQUIRED = frozenset({"captions", "image_id", "group_id", "corpus", "split"})
_values = attrgetter(*_KEYS)


@dataclass(frozen=True, slots=True)
class Corpus:
    """A corpus on disk, opened for reading."""

    folder: Path
    name: str
    counts: Mapping[str, int]  # split → rows
    details: Mapping[str, Any] = field(default_factory=dict)  # everything else that corpus.json says
    limit: int | None = None  # rows of each split that are looked at

    def limited(self, limit: int | None) -> Corpus:
        """The corpus of the first so many rows of each split; all of them when None."""
        if limit is None:
            return self
        return replace(self, limit=limit, counts={split: min(n, limit) for split, n in self.counts.items()})

    def rows(self, split: str) -> Iterator[Row]:
        """The rows of a split, in their stored order; none where the corpus has no such split."""
        path = self.folder / split / METADATA
        if not path.exists():
            return
        for number, record in enumerate(islice(storage.read_jsonl(path), self.limit), 1):
            try:
                yield Row.from_json(record)
            except DataError as error:
                raise DataError(error.what, where=f"{path}, line {number}", fix=error.fix) from error

    def image_path(self, row: Row) -> Path | None:
        """Where the row's picture lies, or None for a row of text only; raises `DataError` where that is outside it."""
        return confined(confined(self.folder, row.split), row.file_name) if row.file_name else None


def open_corpus(folder: Path) -> Corpus:
    """Open a whole corpus. Raises `MissingFileError` when it is absent or was left unfinished."""
    path = folder / MANIFEST
    if not path.exists():
        fix = "Make it with `memecap corpus build`, or run that command again to finish it."
        if any(folder.glob("*.tar")) or any(folder.glob("shards/*.tar")):
            fix = "Run `memecap corpus index` there: it holds shards."
        what = "no finished corpus there" if folder.exists() else "no such corpus"
        raise MissingFileError(what, where=folder, fix=fix)
    record = storage.read_json(path)
    if not _is_manifest(record):
        raise DataError("not the manifest of a corpus", where=path, fix="Make the corpus again.")
    for split in record["counts"]:
        confined(folder, split)  # somebody else may have written it, and files are named by it
    return Corpus(folder=folder, name=record.pop("name"), counts=record.pop("counts"), details=record)


def confined(folder: Path, name: str) -> Path:
    """The file of that name below a folder. Raises `DataError` where the name, somebody's text, leads out of it."""
    path = Path(name)
    if path.is_absolute() or ".." in path.parts or "\0" in name:
        fix = "Do not use these files before you know who made them."
        raise DataError(f"the path {name!r} leads out of the folder", where=folder, fix=fix)
    return folder / path


def source_key(name: str) -> str:
    """A source's name of a picture in the one spelling that rows, lists of splits and captions are joined by.

    `377213364.jpg` and `377213364` are one picture, so the ending goes; an address (`https://…/1.jpg`) stays whole.
    """
    return name if "://" in name else _ENDING.sub("", name)


def claim(folder: Path, *, is_ours: bool = False) -> None:
    """See that a corpus may be made in `folder`: it is new, empty, or of an earlier run, finished or stopped.

    Raises `UsageError` where it holds files and no corpus: they are not ours to touch.

    Args:
        is_ours: a stopped run left another sign there that the folder is its own.
    """
    names = {entry.name for entry in folder.iterdir()} if folder.is_dir() else set()
    if MANIFEST in names:
        is_ours = _is_manifest(storage.read_json(folder / MANIFEST))
    elif UNFINISHED in names or names <= _FIRST_FILES:
        is_ours = True
    if not is_ours:
        fix = "Name a new or empty folder; memecap does not touch files that it did not write."
        raise UsageError("the folder is not empty and holds no corpus of memecap", where=folder, fix=fix)


def reopen(folder: Path) -> None:
    """Take `corpus.json` away while rows change; a mark keeps the folder known as ours."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / UNFINISHED).touch()  # in one step: what a kill left of another would be no sign of ours
    except OSError as error:
        raise storage.unwritable(error, folder) from error
    (folder / MANIFEST).unlink(missing_ok=True)
    sums.forget(folder)


def write_rows(folder: Path, rows: Iterable[Row]) -> dict[str, int]:
    """Write the manifests of a corpus, its pictures being in place already; returns rows by split.

    Rows are stored by group and id, so equal input in any order gives equal bytes. They are sorted on disk: a million
    need no more memory than a thousand.
    """
    with closing(sqlite3.connect("")) as sorter:  # a private file of SQLite's that vanishes with the connection
        sorter.execute("CREATE TABLE rows (split TEXT, group_id TEXT, image_id TEXT, line TEXT)")
        sorter.executemany(
            "INSERT INTO rows VALUES (?, ?, ?, ?)",
            ((row.split, row.group_id, row.image_id, storage.to_line(row.to_json())) for row in rows),
        )
        splits = [split for (split,) in sorter.execute("SELECT DISTINCT split FROM rows")]
        counts = {}
        for split in sorted(splits, key=lambda split: (*SPLITS, split).index(split)):  # those of other names last
            counts[split] = 0
            lines = sorter.execute("SELECT line FROM rows WHERE split = ? ORDER BY group_id, image_id, line", (split,))
            with storage.atomic_writer(folder / split / METADATA) as file:
                for (line,) in lines:
                    file.write(line)
                    counts[split] += 1
    return counts


def finish(folder: Path, name: str, counts: Mapping[str, int], **details: Any) -> Corpus:
    """Write `corpus.json`, the last file of a corpus, and open it."""
    record = {"name": name, "counts": dict(counts), "metadata_sha256": checksums(folder, counts), **details}
    beside = (path for path in folder.iterdir() if path.suffix in _TOLD_OF and not path.name.startswith("."))
    files = [*(folder / split / METADATA for split in counts), *(path for path in beside if path.name != MANIFEST)]
    sums.record(folder, files, {MANIFEST: storage.to_json(record).encode()})
    storage.write_json(folder / MANIFEST, record)
    (folder / UNFINISHED).unlink(missing_ok=True)
    return open_corpus(folder)


def checksums(folder: Path, splits: Iterable[str]) -> dict[str, str]:
    """The sha256 of each split's metadata."""
    return {split: storage.sha256_file(folder / split / METADATA) for split in splits}


def split_of(group_id: str, *, salt: str = "memecap", val: float = 0.1, test: float = 0.1) -> str:
    """The split of a group: a hash of its id, nothing else, compared with the shares of `val` and `test`."""
    digest = hashlib.sha256(f"{salt}\0{group_id}".encode()).digest()
    place = int.from_bytes(digest[:8], "big") / 2**64
    if place < test:
        return "test"
    return "val" if place < test + val else "train"


def _is_fit(key: str, value: Any) -> bool:
    """Whether it is text, or a list of texts where a row has several."""
    if key in _LISTS:
        return isinstance(value, list | tuple) and all(isinstance(text, str) for text in value)
    return isinstance(value, str)


def _is_manifest(record: Any) -> bool:
    return isinstance(record, dict) and isinstance(record.get("name"), str) and isinstance(record.get("counts"), dict)
