"""Answers that were paid for: the hash of a request → its `Answer`, in one SQLite file that processes may share.

An answer and its price are stored in one transaction when it has come, so a job killed at any moment asks again for no
more than what was in flight, and knows what it has spent.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

from memecap.core import storage
from memecap.core.chat_answer import Answer
from memecap.errors import StorageError

_SCHEMA = """
CREATE TABLE IF NOT EXISTS answers (request TEXT PRIMARY KEY, answer TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS spent (model TEXT PRIMARY KEY, tokens_in INTEGER NOT NULL, tokens_out INTEGER NOT NULL);
"""
_ADD = (
    "INSERT INTO spent VALUES (?, ?, ?) ON CONFLICT (model) DO UPDATE SET"
    " tokens_in = tokens_in + excluded.tokens_in, tokens_out = tokens_out + excluded.tokens_out"
)


class Answers:
    """The answers of one model in a file, which is made where there is none; safe to use from several threads."""

    def __init__(self, path: Path, model: str) -> None:
        """Raises `StorageError` where the file cannot be written, or is none of these."""
        self._path, self._model = path, model
        self._lock = threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # The lock parts the threads; what other processes write is waited for.
            self._connection = sqlite3.connect(path, timeout=60, check_same_thread=False)
            self._connection.executescript(_SCHEMA)
        except (sqlite3.Error, OSError) as error:
            raise self._unusable(error) from error

    def get(self, request: str) -> Answer | None:
        """The answer to a request of this key, where it is known."""
        found = self._ask("SELECT answer FROM answers WHERE request = ?", request)
        return None if found is None else Answer.from_json(json.loads(found[0]))

    def put(self, request: str, answer: Answer) -> None:
        """Store an answer with what it cost."""
        record = storage.to_line(answer.to_json())
        try:
            with self._lock, self._connection:
                self._connection.execute("INSERT OR REPLACE INTO answers VALUES (?, ?)", (request, record))
                self._connection.execute(_ADD, (self._model, answer.tokens_in, answer.tokens_out))
        except sqlite3.Error as error:
            raise self._unusable(error) from error

    def spent(self) -> tuple[int, int]:
        """Tokens sent to the model and received from it, in all that this file has seen."""
        found = self._ask("SELECT tokens_in, tokens_out FROM spent WHERE model = ?", self._model)
        return (0, 0) if found is None else (int(found[0]), int(found[1]))

    def _ask(self, query: str, value: str) -> Any:
        try:
            with self._lock, closing(self._connection.execute(query, (value,))) as found:
                return found.fetchone()
        except sqlite3.Error as error:
            raise self._unusable(error) from error

    def _unusable(self, error: Exception) -> StorageError:
        fix = "Check that it is a file of answers and the folder's permissions; or name another with `cache`."
        return storage.unwritable(error, self._path, fix=fix)


def request_key(request: Any) -> str:
    """The hash of a request: of everything that its answer depends on, as one JSON value."""
    text = json.dumps(request, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    return storage.sha256_bytes(text.encode())
