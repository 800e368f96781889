"""What a memory holds on disk: one SQLite file of entries with their features, in which every change is whole or not.

A picture is held once a corpus. It can be carried to another machine as it is; the index beside it is made from it.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from memecap.core import storage
from memecap.core.parallel import chunks
from memecap.errors import DataError, MissingFileError
from memecap.memory.entry import Entry
from memecap.memory.features import VERSION, Features

FILE = "memory.sqlite"
_ASKED_AT_ONCE = 500  # values in one question to SQLite
_SCHEMA = """
    CREATE TABLE IF NOT EXISTS about (key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS entries (
        number INTEGER PRIMARY KEY, image_id TEXT NOT NULL, corpus TEXT NOT NULL, group_id TEXT NOT NULL,
        split TEXT NOT NULL, record TEXT NOT NULL, n_features INTEGER NOT NULL, UNIQUE (image_id, corpus)
    );
    CREATE INDEX IF NOT EXISTS groups ON entries (group_id);
    CREATE TABLE IF NOT EXISTS features (number INTEGER PRIMARY KEY, content BLOB NOT NULL);
"""


class Store:
    """The entries of a memory and their features, by number."""

    def __init__(self, folder: Path, *, create: bool = False) -> None:
        """Raises `MissingFileError` where no memory is, `DataError` where it is damaged or of another version."""
        self.path = folder / FILE
        self._digests: dict[str, str] = {}
        if not create and not self.path.is_file():
            fix = "Make it with `memecap memory build`, or check the path."
            raise MissingFileError("no memory there", where=folder, fix=fix)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._database = sqlite3.connect(self.path, timeout=60, check_same_thread=False)
            if create:
                self._database.executescript(_SCHEMA)
                self._database.execute("INSERT OR IGNORE INTO about VALUES ('version', ?)", (VERSION,))
                self._database.commit()
            found = self._database.execute("SELECT value FROM about WHERE key = 'version'").fetchone()
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError) and "no such table" not in str(error):
                raise storage.unwritable(error, self.path) from error
            raise self._damaged(error) from error
        except OSError as error:
            raise storage.unwritable(error, folder) from error
        if found is None or found[0] != VERSION:
            what = f"a memory of another version: {found[0] if found else 'none'}, expected {VERSION}"
            raise DataError(what, where=self.path, fix="Build it again from its corpora with this version of memecap.")

    def _damaged(self, error: Exception) -> DataError:
        fix = "Copy it again from where it came from, or build it again."
        return DataError(f"the memory is damaged: {error}", where=self.path, fix=fix)

    def close(self) -> None:
        self._database.close()

    def put(self, entries: Iterable[tuple[Entry, Features]]) -> None:
        """Add pictures at once, all or none; one that is held keeps its features and takes the new words."""
        self._digests.clear()
        try:
            with self._database as database:
                for entry, features in entries:
                    key = (entry.image_id, entry.corpus)
                    if not entry.width:  # held: the picture was not opened again
                        entry = self._of_known_size(entry)
                    record = json.dumps(entry.to_json(), ensure_ascii=False)
                    told = (entry.group_id, entry.split, record)
                    found = database.execute(
                        "UPDATE entries SET group_id = ?, split = ?, record = ? WHERE image_id = ? AND corpus = ?",
                        (*told, *key),
                    )
                    if found.rowcount:
                        continue
                    number = database.execute(
                        "INSERT INTO entries (image_id, corpus, group_id, split, record, n_features) "
                        "VALUES (?, ?, ?, ?, ?, ?)",
                        (*key, *told, len(features)),
                    ).lastrowid
                    database.execute("INSERT INTO features VALUES (?, ?)", (number, features.to_bytes()))
        except sqlite3.Error as error:
            raise storage.unwritable(error, self.path) from error

    def _of_known_size(self, entry: Entry) -> Entry:
        key = (entry.image_id, entry.corpus)
        for (record,) in self._ask("SELECT record FROM entries WHERE image_id = ? AND corpus = ?", key):
            held = json.loads(record)
            return replace(entry, width=held["width"], height=held["height"])
        return entry

    def _ask(self, question: str, values: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
        try:
            yield from self._database.execute(question, values)
        except sqlite3.DatabaseError as error:
            raise self._damaged(error) from error

    def __len__(self) -> int:
        return int(next(self._ask("SELECT count(*) FROM entries"))[0])

    def n_features(self) -> int:
        return int(next(self._ask("SELECT coalesce(sum(n_features), 0) FROM entries"))[0])

    def splits(self) -> dict[str, dict[str, int]]:
        """Entries by corpus and split."""
        found: dict[str, dict[str, int]] = {}
        for corpus, split, n in self._ask(
            "SELECT corpus, split, count(*) FROM entries GROUP BY corpus, split ORDER BY corpus, split"
        ):
            found.setdefault(corpus, {})[split] = n
        return found

    def keys(self) -> set[tuple[str, str]]:
        """(image_id, corpus) of everything held."""
        return set(self._ask("SELECT image_id, corpus FROM entries"))

    def rows(self) -> Iterator[tuple[int, int, int]]:
        """(number, n_features, key of the picture), ordered by what is held, whatever order it came in."""
        question = "SELECT number, n_features, image_id, corpus FROM entries ORDER BY image_id, corpus"
        for number, n_features, image_id, corpus in self._ask(question):
            digest = hashlib.sha256(f"{image_id} {corpus}".encode()).digest()
            yield number, n_features, int.from_bytes(digest[:8], signed=True)

    def entries(self) -> Iterator[Entry]:
        """All entries, ordered by image id and corpus."""
        for (record,) in self._ask("SELECT record FROM entries ORDER BY image_id, corpus"):
            yield Entry.from_json(json.loads(record))

    def numbers(self, ids: Collection[str]) -> set[int]:
        """The entries whose image id or group id is one of these."""
        return {number for number, _ in self._among(ids)}

    def kept(self, numbers: Sequence[int]) -> dict[int, tuple[Entry, Features]]:
        """What is held of some entries, by number, read at once."""
        found = {}
        for some in chunks(numbers, _ASKED_AT_ONCE):
            marks = ",".join("?" * len(some))
            question = (
                f"SELECT number, record, content FROM entries JOIN features USING (number) WHERE number IN ({marks})"
            )
            for number, record, content in self._ask(question, some):
                found[number] = Entry.from_json(json.loads(record)), Features.from_bytes(content)
        return found

    def features(self, number: int) -> Features:
        (content,) = next(self._ask("SELECT content FROM features WHERE number = ?", (number,)))
        return Features.from_bytes(content)

    def held(self, ids: Collection[str]) -> set[str]:
        """Which of these image and group ids there are."""
        return {name for _, name in self._among(ids)}

    def _among(self, ids: Collection[str]) -> Iterator[tuple[int, str]]:
        """(number, the id that it has) of each entry whose image id or group id is one of these."""
        for some in chunks(sorted(ids), _ASKED_AT_ONCE):
            marks = ",".join("?" * len(some))
            for key in ("image_id", "group_id"):
                yield from self._ask(f"SELECT number, {key} FROM entries WHERE {key} IN ({marks})", some)

    def join(self, other: Path) -> None:
        """Take over what another memory holds and this one does not."""
        theirs = Store(other.parent)
        known = self.keys()
        try:
            for some in chunks(theirs._everything(), 256):
                self.put((entry, features) for entry, features in some if (entry.image_id, entry.corpus) not in known)
        finally:
            theirs.close()

    def _everything(self) -> Iterator[tuple[Entry, Features]]:
        question = "SELECT record, content FROM entries JOIN features USING (number) ORDER BY image_id, corpus"
        for record, content in self._ask(question):
            yield Entry.from_json(json.loads(record)), Features.from_bytes(content)

    def contents(self) -> str:
        """A digest of which pictures are held, whose features the index is made from."""
        return self._digest("n_features")

    def identity(self) -> str:
        """A digest of the pictures and what is told of them."""
        return self._digest("record")

    def _digest(self, column: str) -> str:
        if column not in self._digests:
            digest = hashlib.sha256()
            for row in self._ask(f"SELECT image_id, corpus, {column} FROM entries ORDER BY image_id, corpus"):
                digest.update(json.dumps(row).encode())
            self._digests[column] = digest.hexdigest()
        return self._digests[column]
