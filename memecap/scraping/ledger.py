"""What became of each picture: one SQLite table, key → file or reason, which every rerun starts from."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
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
_TYPED = ", ".join(f"{field.name} {'INTEGER' if field.type == 'int' else 'TEXT'} NOT NULL" for field in fields(Entry))


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

    def put(self, entries: Iterable[Entry]) -> None:
        """Record outcomes, all of them or none."""
        insert = f"INSERT OR REPLACE INTO pictures ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * len(_COLUMNS))})"
        with self._connection:
            self._connection.executemany(insert, map(astuple, entries))

    def _select(self, condition: str, *values: str) -> Iterator[Entry]:
        rows = self._connection.execute(f"SELECT {', '.join(_COLUMNS)} FROM pictures {condition}", values)
        return (Entry(**dict(zip(_COLUMNS, row, strict=True))) for row in rows)


@contextmanager
def open_ledger(folder: Path) -> Iterator[Ledger]:
    """Open the table in `pictures.sqlite`, making it where it is not. Raises `StorageError`."""
    path = folder / "pictures.sqlite"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute(f"CREATE TABLE IF NOT EXISTS pictures ({_TYPED}, PRIMARY KEY (key))")
            yield Ledger(connection)
    except (OSError, sqlite3.Error) as error:
        raise storage.unwritable(error, path) from error
