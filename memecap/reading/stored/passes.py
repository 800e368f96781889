"""Raw passes kept on disk, so that a better merge needs no new look at the picture.

An SQLite file maps (sha256 of a picture's pixels, pass, program and languages) to the words that pass saw.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import threading
from collections.abc import Mapping, Sequence
from dataclasses import astuple
from pathlib import Path

from PIL import Image

from memecap.core import storage
from memecap.reading.engine.passes import Word

BAND = 1024  # rows of pixels
_SCHEMA = """
    CREATE TABLE IF NOT EXISTS words (
        picture TEXT, pass TEXT, program TEXT, words TEXT, PRIMARY KEY (picture, pass, program)
    ) WITHOUT ROWID
"""


def default_path() -> Path:
    """`$MEMECAP_CACHE/reading.sqlite`, or the same file under ~/.cache/memecap."""
    folder = os.environ.get("MEMECAP_CACHE")
    return (Path(folder) if folder else Path.home() / ".cache" / "memecap") / "reading.sqlite"


def picture_key(image: Image.Image) -> str:
    """The sha256 of a picture's size and RGB pixels: equal for one picture in two file formats."""
    width, height = image.size
    digest = hashlib.sha256(b"%d %d " % image.size)
    for top in range(0, height, BAND):  # in bands: a picture of 64 megapixels is not copied whole
        digest.update(image.crop((0, top, width, min(top + BAND, height))).convert("RGB").tobytes())
    return digest.hexdigest()


class WordStore:
    """The words that passes saw. Threads and processes may share one file; None keeps them in memory."""

    def __init__(self, path: Path | None) -> None:
        self._lock = threading.Lock()
        self._path = path
        try:
            if path is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
            name = ":memory:" if path is None else path
            self._connection = sqlite3.connect(name, timeout=60, isolation_level=None, check_same_thread=False)
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute(_SCHEMA)
        except (OSError, sqlite3.Error) as error:
            raise storage.unwritable(error, path, fix="Set MEMECAP_CACHE to another folder.") from error

    def get(self, picture: str, look: str, program: str) -> list[Word] | None:
        with self._lock:
            found = self._connection.execute(
                "SELECT words FROM words WHERE picture = ? AND pass = ? AND program = ?", (picture, look, program)
            ).fetchone()
        if found is None:
            return None
        return [Word(text, tuple(box), confidence, line) for text, box, confidence, line in json.loads(found[0])]

    def put(self, look: str, program: str, words: Mapping[str, Sequence[Word]]) -> None:
        """Store the words of several pictures, keyed by `picture_key`, at once."""
        rows = [
            (picture, look, program, json.dumps([astuple(word) for word in seen], ensure_ascii=False))
            for picture, seen in words.items()
        ]
        try:
            with self._lock, self._connection:  # which takes back what fails
                self._connection.execute("BEGIN IMMEDIATE")
                self._connection.executemany("INSERT OR REPLACE INTO words VALUES (?, ?, ?, ?)", rows)
        except sqlite3.Error as error:
            fix = "Set MEMECAP_CACHE to another folder."
            raise storage.unwritable(error, self._path, fix=fix) from error
