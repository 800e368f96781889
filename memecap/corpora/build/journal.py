"""The journal of a build: SQLite that gathers items, remembers pictures, and gives each item its group and split.

In: items in the source's order. Out: rows. Everything large stays on disk, so a million items need no more memory than
ten thousand. Pictures that were decoded once are known by path, size and time of change, so a build that was stopped
goes on; the file beside the corpus holds them, the rest lives in SQLite's own temporary files.

How splits are given: pictures are joined by equal bytes, by near_duplicates.py and by the source's own groups. A
row that has a split keeps it for ever. A new item follows the rows it is joined with; where it would join rows of two
splits, or its official split is not theirs, it is left out, since any place for it would put one picture on two sides.
Where nothing is settled yet the strictest official split (test, val, train) or the hash of the group decides.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import groupby, zip_longest
from pathlib import Path
from typing import Any

from memecap.core import manifest, progress, storage
from memecap.core.manifest import Row
from memecap.core.parallel import parallel_map
from memecap.corpora.base import Item
from memecap.corpora.build import journal_fingerprints as _prints
from memecap.corpora.build import queries
from memecap.corpora.build.pictures import Picture, inspect, stored_bytes
from memecap.corpora.build.records import RANKS, Confine, record
from memecap.errors import DataError


class Journal:
    """Steps of one build, in the order of its methods; closed by `with`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.captions: Counter[str] = Counter()  # by split, of the rows given out
        folder.mkdir(parents=True, exist_ok=True)
        self.db = sqlite3.connect(folder / manifest.PICTURES)
        _prints.forget_old(self.db)
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
            self.db.execute("INSERT OR REPLACE INTO pictures VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", _facts(picture))
            if done % 64 == 0:
                self.db.commit()
        self.db.execute(
            "UPDATE items SET image_id = (SELECT p.image_id FROM pictures p WHERE p.path = items.image)"
            " WHERE image != ''"
        )
        self.db.commit()

    def assign(self, *, beside: Iterable[Path], val: float, test: float, salt: str, similarity: float) -> None:
        """Give each picture its group and its split, or none."""
        self._pin_rows(self.folder, own=True)
        for folder in beside:
            self._pin_rows(folder, own=False)
        self.db.executescript(queries.UNITS)
        with self.db:
            self.db.executemany("INSERT INTO joined VALUES (?, ?)", _components(self._links(similarity)))

        def split(group: str) -> int:
            return RANKS[manifest.split_of(group, salt=salt, val=val, test=test)]

        self.db.create_function("split_of", 1, split, deterministic=True)
        self.db.executescript(queries.ASSIGN)

    def copy_pictures(self) -> None:
        """Put each picture where its row says; one that is there already is whole. What is written is written down."""
        with self.db:
            self.db.execute(queries.WRITE_DOWN)
        query = """SELECT u.image_id, p.suffix, u.rank, MIN(p.path), p.plain
                   FROM units u JOIN pictures p USING (image_id) WHERE u.rank IS NOT NULL GROUP BY u.image_id"""
        total = self.db.execute("SELECT COUNT(*) FROM units WHERE rank IS NOT NULL AND pictured").fetchone()[0]
        for image_id, suffix, rank, path, plain in progress.track(self.db.execute(query), "copies", total=total):
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
        failed, total = self.db.execute(
            f"SELECT COALESCE(SUM(failed), 0), COUNT(*) FROM ({queries.LEFT_OUT})"
        ).fetchone()
        pictures = self.db.execute("SELECT COUNT(*) FROM units WHERE pictured AND rank IS NOT NULL").fetchone()[0]
        groups = {_split(rank): n for rank, n in self.db.execute(queries.GROUPS)}
        return {
            "captions": dict(self.captions),
            "groups": groups,
            "pictures": pictures,
            "failed": failed,
            "left_out": total - failed,
        }

    def _pin_rows(self, folder: Path, *, own: bool) -> None:
        """Rows that have their split already. Their fingerprints come from the journal that stands beside them."""
        corpus = manifest.Corpus(folder=folder, name=folder.name, counts={})
        if not own:
            corpus = manifest.open_corpus(folder)
        with self.db:
            self.db.executemany(
                "INSERT INTO pins VALUES (?, ?, ?, ?, ?, ?)",
                (
                    (row.image_id, row.group_id, rank, own, row.source_id, suffix)
                    for split in manifest.SPLITS
                    for row in corpus.rows(split)
                    for rank, suffix in ((RANKS[split], Path(row.file_name).suffix),)
                ),
            )
            if not own:
                self.db.executemany("INSERT OR IGNORE INTO neighbours VALUES (?, ?)", _prints.stored(corpus))

    def _links(self, similarity: float) -> Iterator[tuple[str, str]]:
        """Pairs of groups that must become one."""
        yield from self.db.execute(
            "SELECT u.base, i.own FROM units u JOIN items i USING (image_id) WHERE i.own NOT IN ('', u.base)"
        )
        yield from self.db.execute(
            "SELECT u.base, p.base FROM units u JOIN pins p USING (image_id) WHERE p.base != u.base"
        )
        yield from _prints.near_bases(self.db, similarity)


def _facts(picture: Picture) -> tuple[Any, ...]:
    return (
        picture.path,
        _stamp(picture.path) if not picture.reason else "",  # a bad file is looked at again next time
        picture.image_id,
        picture.suffix,
        picture.width,
        picture.height,
        picture.plain,
        picture.reason,
        picture.fingerprint,
    )


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


def _components(links: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Groups that are linked, each with the one that stands for all of them: the first met."""
    roots: dict[str, str] = {}

    def root(base: str) -> str:
        while (up := roots.setdefault(base, base)) != base:
            roots[base] = base = roots[up]
        return base

    for one, other in links:
        first, second = root(one), root(other)
        if first != second:
            roots[second] = first
    return ((base, root(base)) for base in list(roots))
