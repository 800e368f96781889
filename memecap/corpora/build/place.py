"""Where a corpus may stand and what a build may take away: never the source, never a file that no build wrote.

In: the output folder, the source's settings, the journal. Out: nothing, or the error that stops a build in time.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Container, Iterable
from contextlib import closing
from pathlib import Path

from memecap.core import manifest, storage
from memecap.core.regular_files import is_regular
from memecap.corpora.build import queries
from memecap.corpora.build.journal import Journal
from memecap.corpora.build.records import RANKS, real
from memecap.errors import DataError, UsageError

_OWN_NAME = re.compile(r"[0-9a-f]{64}\.\w+")
_TOLD = 5  # rows named in a message


def refuse_own_source(folder: Path, sources: Iterable[Path], pictures: Path | None) -> None:
    """Raises `UsageError` where the folder holds a source, or lies among the source's pictures; links are followed."""
    splits = [folder / split for split in manifest.SPLITS]
    places = [real(place) for place in (folder, *splits, *(split / manifest.IMAGES for split in splits))]
    for source in sources:
        if any(real(source).is_relative_to(place) for place in places):
            what = f"the corpus would be made over its own source, {source}"
            raise UsageError(what, where=folder, fix="Name another --out.")
    if pictures is not None and any(place.is_relative_to(real(pictures)) for place in places):
        what = f"the corpus would be made among the source's pictures, in {pictures}"
        raise UsageError(what, where=folder, fix="Name another --out.")


def refuse_drops(journal: Journal) -> None:
    """Raises `DataError` where a row that stands would go: a disk may be missing, not the pictures."""
    dropped = journal.db.execute(queries.DROPPED).fetchall()
    if not dropped:
        return
    first = "; ".join(f"{key} ({reason or 'left out'})" for key, reason in dropped[:_TOLD])
    more = f"; and {len(dropped) - _TOLD:,} more" if len(dropped) > _TOLD else ""
    what = f"{len(dropped):,} of the rows that stand would be dropped: {first}{more}"
    fix = "Bring the source back as it was, or let them go with --drop-missing. Nothing was changed."
    raise DataError(what, where=journal.folder, fix=fix)


def drop_strays(journal: Journal, splits: Container[str]) -> None:
    """Remove what builds wrote and no row names any longer: `imagefolder` would stumble on it. The rest stays."""
    names = list(RANKS)
    for image_id, rank, suffix in journal.db.execute(queries.STRAYS).fetchall():
        path = journal.folder / names[rank] / manifest.IMAGES / f"{image_id}{suffix}"
        if _OWN_NAME.fullmatch(image_id + suffix) and is_regular(path) and storage.sha256_file(path) == image_id:
            path.unlink()  # by its name and its bytes it is what a build wrote
    with journal.db:
        journal.db.execute(queries.FORGET)
    for (rank,) in journal.db.execute("SELECT DISTINCT rank FROM pins WHERE own").fetchall():
        if names[rank] not in splits:
            (journal.folder / names[rank] / manifest.METADATA).unlink(missing_ok=True)


def has_journal(folder: Path) -> bool:
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
