"""How splits are given: the journal's pictures joined into groups, each group in one split.

Pictures are joined by equal bytes and by the source's own groups; by `duplicates.near_duplicates`, unless only files
count; and by what a memory sees, where whole pictures do. A row that has a split keeps it for ever. A new item follows
the rows it is joined with; where it would join rows of two splits, or its official split is not theirs, it is left out,
since any place for it would put one picture on two sides. Where nothing is settled yet the strictest official split
(test, val, train) or the hash of the group decides.
In: the open database of a `Journal` whose pictures were looked at. Out: group and split of each unit in it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal

from memecap.core import manifest
from memecap.corpora.build import journal_fingerprints, queries
from memecap.corpora.build.records import RANKS
from memecap.corpora.build.remembered import remembered_bases

SplitBy = Literal["file", "group", "picture"]


def assign_splits(
    db: sqlite3.Connection,
    folder: Path,
    *,
    beside: Iterable[Path],
    val: float,
    test: float,
    salt: str,
    similarity: float,
    split_by: SplitBy = "group",
    on: str = "here",
) -> None:
    """Give each picture its group and its split, or none; the rows of `folder`, and of those beside it, stay."""
    _pin_rows(db, manifest.Corpus(folder=folder, name=folder.name, counts={}), own=True)
    for other in beside:
        corpus = manifest.open_corpus(other)
        _pin_rows(db, corpus, own=False)
        with db:
            db.executemany("INSERT OR IGNORE INTO neighbours VALUES (?, ?)", journal_fingerprints.stored(corpus))
    db.executescript(queries.UNITS)
    with db:
        db.executemany("INSERT INTO joined VALUES (?, ?)", _components(_links(db, folder, similarity, split_by, on)))

    def split(group: str) -> int:
        return RANKS[manifest.split_of(group, salt=salt, val=val, test=test)]

    db.create_function("split_of", 1, split, deterministic=True)
    db.executescript(queries.ASSIGN)


def _pin_rows(db: sqlite3.Connection, corpus: manifest.Corpus, *, own: bool) -> None:
    """Rows that have their split already."""
    pins = (
        (row.image_id, row.group_id, RANKS[split], own, row.source_id, Path(row.file_name).suffix)
        for split in manifest.SPLITS
        for row in corpus.rows(split)
    )
    with db:
        db.executemany("INSERT INTO pins VALUES (?, ?, ?, ?, ?, ?)", pins)


def _links(
    db: sqlite3.Connection, folder: Path, similarity: float, split_by: SplitBy, on: str
) -> Iterator[tuple[str, str]]:
    """Pairs of groups that must become one."""
    yield from db.execute(
        "SELECT u.base, i.own FROM units u JOIN items i USING (image_id) WHERE i.own NOT IN ('', u.base)"
    )
    yield from db.execute("SELECT u.base, p.base FROM units u JOIN pins p USING (image_id) WHERE p.base != u.base")
    if split_by != "file":
        yield from journal_fingerprints.near_bases(db, similarity)
    if split_by == "picture":
        yield from remembered_bases(db, folder, on=on)


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
