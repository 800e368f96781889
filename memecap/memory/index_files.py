"""An index on disk: a codebook and shards that are searched where they lie. Building holds one shard in memory.

Up to `ANEW` features it is made anew where pictures were added, so that it is a function of what is remembered: rows in
the order of their ids, trained on a sample that the ids choose. A larger one keeps its codebook, and what is new goes
into the last shard or one more, until there is twice of what the codebook was trained for; a killed build goes on with
the shards that are whole.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from memecap.core import storage
from memecap.core.progress import track
from memecap.errors import DataError, MissingFileError
from memecap.memory.index import Index, Read, Rows, Shard, empty, grow, train

ANEW = 4_000_000  # features; some 5,000 pictures
SHARD = 8_000_000  # features; some 320 MB
_CODEBOOK, _TRAINED = "codebook.faiss", "codebook.json"  # the second makes the first whole


def load(folder: Path) -> Index | None:
    """What is whole there; None where nothing is."""
    book = _book(folder)
    return None if book is None else Index(book, list(_shards(folder).values()))


def update(folder: Path, rows: Rows, read: Read) -> Index:
    """The index of these rows on disk. Raises `StorageError` where it cannot be written."""
    index = load(folder)
    if index is not None and index.holds(rows):
        return index
    if index is None or not _can_go_on(folder, index, rows):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True, exist_ok=True)
        book = train(rows, read)
        _write(folder / _CODEBOOK, book)
        storage.write_json(folder / _TRAINED, {"features": rows.total})
    else:
        book = index.book
    storage.sweep(folder)
    shards = _shards(folder)
    for path in folder.glob("shard-*"):
        if path.with_suffix(".npz") not in shards:
            path.unlink()
    missing = rows
    for shard in shards.values():
        missing = missing.chosen(~missing.among(shard.rows))
    with_room = [path for path, shard in shards.items() if shard.rows.total < SHARD]
    groups = list(_groups(missing, SHARD - shards[with_room[0]].rows.total if with_room else SHARD))
    number = max((int(path.stem.partition("-")[2]) for path in shards), default=-1)
    for group in track(groups, "indexing"):
        if with_room:
            path, with_room = with_room[0], []
            whole = _loaded(path, in_memory=True)
            assert whole is not None  # it was a moment ago
            shard = whole
        else:
            number += 1
            path, shard = folder / f"shard-{number:05}.npz", empty(book)
        _save(path, grow(book, shard, group, read))
    made = load(folder)
    assert made is not None
    return made


def _can_go_on(folder: Path, index: Index, rows: Rows) -> bool:
    trained = storage.read_json(folder / _TRAINED)["features"]
    return ANEW < rows.total <= 2 * trained and all(shard.rows.among(rows).all() for shard in index.shards)


def _groups(rows: Rows, room: int) -> Iterator[Rows]:
    """Rows for one shard each; the first one has less room."""
    first = 0
    while first < len(rows.numbers):
        reached = np.cumsum(rows.lengths[first:])
        n = max(1, int(np.searchsorted(reached, room, side="right")))
        yield rows.chosen(slice(first, first + n))
        first, room = first + n, SHARD


def _book(folder: Path) -> Any:
    import faiss

    try:
        storage.read_json(folder / _TRAINED)
        return faiss.read_index(str(folder / _CODEBOOK))
    except (DataError, MissingFileError, RuntimeError):
        return None


def _shards(folder: Path) -> dict[Path, Shard]:
    """Those that are whole, by the file of their rows."""
    found = ((path, _loaded(path)) for path in sorted(folder.glob("shard-*.npz")))
    return {path: shard for path, shard in found if shard is not None}


def _loaded(path: Path, *, in_memory: bool = False) -> Shard | None:
    import faiss

    try:
        with np.load(path) as stored:
            rows = Rows(stored["numbers"], stored["lengths"], stored["keys"])
        vectors = faiss.read_index(str(path.with_suffix(".faiss")), 0 if in_memory else faiss.IO_FLAG_MMAP)
    except (OSError, ValueError, KeyError, RuntimeError, BadZipFile):
        return None
    return Shard.of(rows, vectors) if vectors.ntotal == rows.total else None


def _save(path: Path, shard: Shard) -> None:
    """Its vectors first: rows that do not agree with them are taken for torn."""
    _write(path.with_suffix(".faiss"), shard.vectors)
    with storage.atomic_writer(path, "wb") as file:
        np.savez(file, numbers=shard.rows.numbers, lengths=shard.rows.lengths, keys=shard.rows.keys)


def _write(path: Path, vectors: Any) -> None:
    import faiss

    with storage.atomic_writer(path, "wb") as file:
        try:
            faiss.write_index(vectors, file.name)
        except RuntimeError as error:  # what faiss calls a failed write
            raise storage.unwritable(error, path) from error
