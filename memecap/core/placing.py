"""Pictures of one corpus in the folder of another that is made from it: hard links, or copies."""

from __future__ import annotations

from pathlib import Path

from memecap.core import shards, storage
from memecap.core.manifest import Corpus, Row
from memecap.errors import MissingFileError


def place(corpus: Corpus, row: Row, out: Path) -> None:
    """Put a row's picture where the same row of `out` wants it. Raises `MissingFileError` where there is none."""
    picture, target = corpus.image_path(row), out / row.split / row.file_name
    if picture is None or target.exists():
        return
    try:
        storage.link(picture, target)
    except FileNotFoundError as error:
        if (packed := shards.read(picture)) is None:
            fix = "Build it again."
            raise MissingFileError("a picture of the corpus is not there", where=picture, fix=fix) from error
        storage.write_bytes(target, packed)


def take_away(corpus: Corpus, row: Row, out: Path) -> None:
    """Remove what an earlier run placed for a row that has lost its captions; by its name and bytes it is ours."""
    target = out / row.split / row.file_name
    if corpus.image_path(row) is None:
        return
    if target.stem == row.image_id and target.is_file() and storage.sha256_file(target) == row.image_id:
        target.unlink()
