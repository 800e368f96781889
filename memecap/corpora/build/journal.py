"""The journal of a build: SQLite that gathers items, remembers pictures, and holds each item's group and split.

In: items in the source's order. Out: rows. Everything large stays on disk, so a million items need no more memory than
ten thousand. Pictures that were decoded once are known by path, size and time of change, so a build that was stopped
goes on; the file beside the corpus holds them, the rest lives in SQLite's own temporary files.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from itertools import groupby, zip_longest
from pathlib import Path
from typing import Any

from memecap.core import manifest, progress, storage
from memecap.core.manifest import Row
from memecap.core.parallel import parallel_map
from memecap.corpora.base import Item
from memecap.corpora.build import journal_fingerprints, queries
from memecap.corpora.build.pictures import inspect, stored_bytes
from memecap.corpora.build.records import RANKS, Confine, record
from memecap.errors import DataError


class Journal:
    """Steps of one build, in the order of its methods; closed by `with`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.captions: Counter[str] = Counter()  # by split, of the rows given out
        folder.mkdir(parents=True, exist_ok=True)
        self.db = sqlite3.connect(folder / manifest.PICTURES)
        journal_fingerprints.forget_old(self.db)
        self.db.executescript("PRAGMA synchronous=NORMAL; PRAGMA journal_mode=WAL;" + queries.SCHEMA)

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self.db.close()

    def gather(self, items: Iterable[Item], *, within: Path | None) -> None:
        """Write the source's items down, their text cleaned, their pictures confined to the folder `within`.

        Raises `DataError` for a split that is none or a source with nothing in it.
        """
        confine = Confine(within)
        with self.db:
            self.db.executemany(
                "INSERT INTO items (key, image_id, captions, source_captions, image, rank, own, url, reason)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (record(item, confine) for item in progress.track(items, "items")),
            )
        if not self.db.execute("SELECT 1 FROM items").fetchone():
            raise DataError("the source holds no item", where=self.folder, fix="Check the source's path and columns.")

    def look(self, *, on: str) -> None:
        """Decode the pictures that are new or have changed, and name each item by its picture's checksum."""
        self.db.create_function("stamp_of", 1, _stamp)
        self.db.executescript(queries.FRESH)
        total = self.db.execute("SELECT COUNT(*) FROM fresh").fetchone()[0]
        answers = parallel_map(inspect, (path for (path,) in self.db.execute("SELECT path FROM fresh")), on=on)
        for done, picture in enumerate(progress.track(answers, "pictures", total=total), 1):
            # a bad file is looked at again next time
            stamp = _stamp(picture.path) if not picture.reason else ""
            self.db.execute(queries.LOOKED_AT, asdict(picture) | {"stamp": stamp})
            if done % 64 == 0:
                self.db.commit()
        self.db.execute(
            "UPDATE items SET image_id = (SELECT p.image_id FROM pictures p WHERE p.path = items.image)"
            " WHERE image != ''"
        )
        self.db.commit()

    def copy_pictures(self) -> None:
        """Put each picture where its row says; one that is there already is whole. What is written is written down."""
        with self.db:
            self.db.execute(queries.WRITE_DOWN)
        query = """SELECT u.image_id, p.suffix, u.rank, MIN(p.path), p.plain
                   FROM units u JOIN pictures p USING (image_id) WHERE u.rank IS NOT NULL GROUP BY u.image_id"""
        copies = progress.track(self.db.execute(query), "copies", total=self._n_copies())
        for image_id, suffix, rank, path, plain in copies:
            place = self.folder / _split(rank) / manifest.IMAGES / f"{image_id}{suffix}"
            if not place.exists():
                storage.write_bytes(place, stored_bytes(Path(path), plain=plain), durable=False)
        storage.fsync()

    def rows(self, name: str, *, language: str, licence: str) -> Iterator[Row]:
        """The rows, one for each picture that has a split."""
        for _, group in groupby(self.db.execute(queries.ROWS), key=lambda record: record[0]):
            records = list(group)
            image_id, base, rank, suffix, key, _, _, url = records[0]
            captions, sources = _union((json.loads(record[5]), json.loads(record[6])) for record in records)
            self.captions[_split(rank)] += len(captions)
            yield Row(
                captions=captions,
                image_id=image_id,
                group_id=base,
                corpus=name,
                split=_split(rank),
                file_name=f"{manifest.IMAGES}/{image_id}{suffix}" if suffix else "",
                language=language,
                source_captions=sources,
                source_id=key,
                source_url=url,
                licence=licence,
            )

    def left_out(self) -> Iterator[dict[str, str]]:
        """The items without a row, each with its reason, in the source's order."""
        for key, image, reason, failed in self.db.execute(queries.LEFT_OUT):
            yield {"key": key, "image": image, "reason": reason, "kind": "failed" if failed else "split"}

    def tally(self) -> dict[str, Any]:
        """Captions and groups by split, pictures, items that could not be used, items left out to keep splits apart."""
        query = f"SELECT COALESCE(SUM(failed), 0), COALESCE(SUM(NOT failed), 0) FROM ({queries.LEFT_OUT})"
        failed, left_out = self.db.execute(query).fetchone()
        groups = {_split(rank): n for rank, n in self.db.execute(queries.GROUPS)}
        told = {"captions": dict(self.captions), "groups": groups, "pictures": self._n_copies()}
        return told | {"failed": failed, "left_out": left_out}

    def _n_copies(self) -> int:
        query = "SELECT COUNT(*) FROM units WHERE pictured AND rank IS NOT NULL"
        return int(self.db.execute(query).fetchone()[0])


def _stamp(path: str) -> str:
    try:
        stat = Path(path).stat()
    except (OSError, ValueError):
        return "absent"
    return f"{stat.st_size}:{stat.st_mtime_ns}"


def _split(rank: int) -> str:
    return list(RANKS)[rank]


def _union(parts: Iterable[tuple[list[str], list[str]]]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """All captions, each once, and what each was before translation or cleaning, if anything."""
    source_of: dict[str, str] = {}
    for captions, sources in parts:
        for caption, source in zip_longest(captions, sources, fillvalue=""):
            source_of.setdefault(caption, source)
    return tuple(source_of), tuple(source_of.values()) if any(source_of.values()) else ()
