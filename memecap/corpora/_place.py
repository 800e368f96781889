"""Where a corpus may stand: never over its own source, never among files that no build wrote.

In: the output folder and the source's settings. Out: nothing, or the error that stops a build before it touches a file.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from memecap import manifest
from memecap.errors import UsageError


def refuse_foreign(folder: Path) -> None:
    """Raises `UsageError` where files stand that are no corpus's, finished or stopped half-way."""
    manifest.claim(folder, is_ours=_has_journal(folder))


def refuse_own_source(folder: Path, sources: Iterable[Path], pictures: Path | None) -> None:
    """Raises `UsageError` where the folder holds a source, or lies among the source's pictures; links are followed."""
    splits = [folder / split for split in manifest.SPLITS]
    places = [place.resolve() for place in (folder, *splits, *(split / manifest.IMAGES for split in splits))]
    for source in sources:
        if any(source.resolve().is_relative_to(place) for place in places):
            raise UsageError(
                f"the corpus would be made over its own source, {source}", where=folder, fix="Name another --out."
            )
    if pictures is not None and any(place.is_relative_to(pictures.resolve()) for place in places):
        raise UsageError(
            f"the corpus would be made among the source's pictures, in {pictures}",
            where=folder,
            fix="Name another --out.",
        )


def _has_journal(folder: Path) -> bool:
    """Whether a build's journal stands there: a file of that name alone proves nothing."""
    path = folder / manifest.PICTURES
    if not path.is_file():
        return False
    try:
        with closing(sqlite3.connect(path)) as db:
            db.execute("SELECT path, stamp, image_id, plain, reason FROM pictures LIMIT 0")
    except sqlite3.Error:
        return False
    return True
