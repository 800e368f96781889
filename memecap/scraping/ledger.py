"""What became of each picture: one SQLite table, key → file or reason, which every rerun starts from."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from memecap.core import storage


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """The outcome for one picture. `reason` is empty where it was fetched."""

    key: str
    url: str
    reason: str = ""
    detail: str = ""
    sha256: str = ""  # of the original
    original: str = ""  # path relative to the folder
    file: str = ""  # of the upright RGB copy
    width: int = 0
    height: int = 0
    n_bytes: int = 0
    dhash: str = ""


_COLUMNS = [field.name for field in fields(Entry)]


class Ledger:
    """The table of a folder of pictures."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def get(self, key: str) -> Entry | None:
        return next(self._select("WHERE key = ?", key), None)

    def fetched(self) -> Iterator[Entry]:
        """The pictures that are here."""
        return self._select("WHERE reason = ''")

    def entries(self) -> Iterator[Entry]:
        """Every picture, by key."""
        return self._select("ORDER BY key")

    def reasons(self) -> dict[str, int]:
        """How many pictures failed, by reason."""
        counts = self._connection.execute(
            "SELECT reason, count(*) FROM pictures WHERE reason != '' GROUP BY reason ORDER BY 2 DESC, 1"
        )
        return dict(counts.fetchall())

    def put(self, entries: Iterable[Entry]) -> None:
        """Record outcomes, all of them or none."""
        marks = ", ".join("?" * len(_COLUMNS))
        with self._connection:
            self._connection.executemany(
                f"INSERT OR REPLACE INTO pictures ({', '.join(_COLUMNS)}) VALUES ({marks})", map(astuple, entries)
            )

    def _select(self, condition: str, *values: str) -> Iterator[Entry]:
        rows = self._connection.execute(f"SELECT {', '.join(_COLUMNS)} FROM pictures {condition}", values)
        return (Entry(**dict(zip(_COLUMNS, row, strict=True))) for row in rows)


@contextmanager
def open_ledger(folder: Path) -> Iterator[Ledger]:
    """Open the table in `pictures.sqlite`, making it where it is not. Raises `StorageError`."""
    path = folder / "pictures.sqlite"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(path)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            columns = ", ".join(
                f"{field.name} {'INTEGER' if field.type == 'int' else 'TEXT'} NOT NULL" for field in fields(Entry)
            )
            connection.execute(f"CREATE TABLE IF NOT EXISTS pictures ({columns}, PRIMARY KEY (key))")
            yield Ledger(connection)
        finally:
            connection.close()
    except (OSError, sqlite3.Error) as error:
        raise storage.unwritable(error, path) from error
