"""Translations already paid for: (engine's version, sentence) → translation, in one SQLite file.

A batch is stored whole or not at all, so a job killed at any moment repeats at most one batch. An empty translation is
a failure: one that an earlier version stored counts as unknown.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

from memecap.core import storage

_SCHEMA = """
CREATE TABLE IF NOT EXISTS engines (id INTEGER PRIMARY KEY, version TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS translations (
    engine INTEGER NOT NULL, sentence TEXT NOT NULL, translation TEXT NOT NULL,
    PRIMARY KEY (engine, sentence)
) WITHOUT ROWID;
"""


class Cache:
    """The translations of one engine in an open cache file."""

    def __init__(self, connection: sqlite3.Connection, version: str) -> None:
        self._connection = connection
        with connection:
            connection.execute("INSERT OR IGNORE INTO engines (version) VALUES (?)", (version,))
        (self._engine,) = connection.execute("SELECT id FROM engines WHERE version = ?", (version,)).fetchone()

    def get(self, sentences: Iterable[str]) -> dict[str, str]:
        """The translations that are known."""
        rows = self._connection.execute(
            # CROSS JOIN keeps the order of the loops: look each sentence up, never walk through the whole table.
            "SELECT sentence, translation FROM json_each(?) CROSS JOIN translations"
            " ON engine = ? AND sentence = json_each.value",
            (json.dumps(list(sentences)), self._engine),
        )
        return {sentence: translation for sentence, translation in rows if translation.strip()}

    def put(self, translations: Mapping[str, str]) -> None:
        """Store a batch in one transaction, without what is empty."""
        rows = [(self._engine, sentence, translation) for sentence, translation in translations.items()]
        with self._connection:
            self._connection.executemany("INSERT OR REPLACE INTO translations VALUES (?, ?, ?)", rows)


@contextmanager
def open_cache(path: Path, version: str) -> Iterator[Cache]:
    """Open the cache for one engine, making the file where there is none; several processes may share it.

    Raises:
        StorageError: the file cannot be written, or is not a cache.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(path, timeout=60)) as connection:
            connection.executescript(_SCHEMA)
            yield Cache(connection, version)
    except (sqlite3.Error, OSError) as error:
        fix = "Check that it is a translation cache and the folder's permissions; or name another file with --cache."
        raise storage.unwritable(error, path, fix=fix) from error
