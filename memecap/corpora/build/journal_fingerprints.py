"""The fingerprints that a journal holds, and the groups of a build whose pictures are nearly equal.

In: a journal's database, or a finished corpus. Out: fingerprints by image_id, pairs of groups.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import numpy as np

from memecap.core import manifest
from memecap.corpora.build.pictures import inspect
from memecap.corpora.duplicates.fingerprint import DTYPE, N_VIEWS, unpack
from memecap.corpora.duplicates.near_duplicates import near_duplicates

_HASHES = 2 * N_VIEWS * 8  # bytes at the head of a fingerprint


def forget_old(db: sqlite3.Connection) -> None:
    """Drop what a journal without fingerprints, or with others, remembers: its pictures are looked at again."""
    if not _is_current(db):
        db.execute("DROP TABLE IF EXISTS pictures")


def stored(corpus: manifest.Corpus) -> Iterator[tuple[str, bytes]]:
    """image_id and fingerprint of a corpus's pictures, from its journal; computed where that does not hold them."""
    path, known = corpus.folder / manifest.PICTURES, set[str]()
    if path.exists():
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
            if _is_current(db):
                query = "SELECT image_id, MAX(fingerprint) FROM pictures WHERE reason = '' GROUP BY 1"
                for image_id, content in db.execute(query):
                    known.add(image_id)
                    yield image_id, content
    for split in corpus.counts:
        for row in corpus.rows(split):
            place = corpus.image_path(row)
            if row.image_id not in known and place and (content := inspect(str(place)).fingerprint):
                yield row.image_id, content


def near_bases(db: sqlite3.Connection, threshold: float) -> Iterator[tuple[str, str]]:
    """Pairs of different groups of the view `prints` that hold nearly equal pictures."""
    heads = (head for (head,) in db.execute(f"SELECT SUBSTR(fingerprint, 1, {_HASHES}) FROM prints ORDER BY place"))
    hashes = np.frombuffer(b"".join(heads), dtype="<u8").reshape(-1, 2, N_VIEWS)

    def base(position: int) -> str:
        return str(db.execute("SELECT base FROM seen WHERE rowid = ?", (position + 1,)).fetchone()[0])

    def fetch(positions: np.ndarray) -> np.ndarray:
        query = "SELECT fingerprint FROM prints WHERE place = ?"
        return unpack(db.execute(query, (position + 1,)).fetchone()[0] for position in positions.tolist())

    for one, other, _ in near_duplicates(hashes[:, 0], hashes[:, 1], fetch, threshold=threshold):
        first, second = base(one), base(other)
        if first != second:
            yield first, second


def _is_current(db: sqlite3.Connection) -> bool:
    columns = [column for _, column, *_ in db.execute("PRAGMA table_info(pictures)")]
    if "fingerprint" not in columns:
        return False
    row = db.execute("SELECT LENGTH(fingerprint) FROM pictures WHERE reason = '' LIMIT 1").fetchone()
    return row is None or row[0] == DTYPE.itemsize
