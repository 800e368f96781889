"""Whether what lies on a disk is still what was written: lists of checksums, and the pictures that rows name by theirs.

In: folders of corpora, memories, checkpoints, runs, evaluations, or of all of these. Out: what is wrong, how much was
compared, and which files nobody wrote a checksum of.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from memecap.core import manifest, progress, shards, storage, sums
from memecap.core.manifest import Row
from memecap.errors import MemecapError, MissingFileError

_SHA256 = re.compile(r"[0-9a-f]{64}")
_CHANGED = "its content is not what was written (SHA-256)"


@dataclass
class Verified:
    """`compared` counts files; `faults` and `unchecked` name them, with the reason of each fault."""

    compared: int = 0
    faults: list[str] = field(default_factory=list)
    unchecked: list[str] = field(default_factory=list)


def verify(folders: Sequence[Path]) -> Verified:
    """Compare everything below these folders. Raises `MissingFileError` where one is not there."""
    found, told = Verified(), set[Path]()
    for folder in folders:
        if not folder.is_dir():
            raise MissingFileError("no such folder", where=folder, fix="Check the path.")
        for path, wrong in progress.track(_judged(folder), "comparing"):
            told.add(path)
            found.compared += 1
            if wrong:
                found.faults.append(f"{path}: {wrong}")
        everything = (path for path in sorted(folder.rglob("*")) if path.is_file() and path not in told)
        # what begins with a dot is a lock, a cache or half a file: results need none of them
        found.unchecked += [str(path) for path in everything if not _is_hidden(path, folder)]
    return found


def _judged(folder: Path) -> Iterator[tuple[Path, str]]:
    """Each file that can be compared, and what is wrong with it."""
    for path in sorted(folder.rglob(sums.NAME)):
        try:
            yield from ((path.parent / name, wrong) for name, wrong in sums.faults(path.parent))
            yield path, ""
        except MemecapError as error:
            yield path, error.what
    for path in sorted(folder.rglob(manifest.MANIFEST)):
        try:
            yield from _corpus(manifest.open_corpus(path.parent))
        except MemecapError as error:
            yield path, error.what


def _corpus(corpus: manifest.Corpus) -> Iterator[tuple[Path, str]]:
    """The pictures of a corpus, whose rows name them by their checksums, and what older corpora say of their rows."""
    for split in corpus.counts:
        path, expected = corpus.folder / split / manifest.METADATA, corpus.details.get("metadata_sha256", {})
        if not sums.known(corpus.folder) and split in expected:
            yield path, "" if path.is_file() and storage.sha256_file(path) == expected[split] else _CHANGED
        try:
            yield from filter(None, (_picture(corpus, row) for row in corpus.rows(split)))
        except MemecapError as error:
            yield path, error.what


def _picture(corpus: manifest.Corpus, row: Row) -> tuple[Path, str] | None:
    """A row's picture; None where there is none, or where the row's name of it is no checksum."""
    path = corpus.image_path(row)
    if path is None or not _SHA256.fullmatch(row.image_id):
        return None
    try:
        is_same = storage.sha256_bytes(shards.content(path)) == row.image_id
    except (OSError, MemecapError) as error:
        return path, f"it cannot be read: {getattr(error, 'what', None) or getattr(error, 'strerror', None) or error}"
    return path, "" if is_same else _CHANGED


def _is_hidden(path: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(folder).parts)
