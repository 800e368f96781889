"""What is in a corpus, and what is wrong with it: counts, lengths, languages, broken pictures, leaks, duplicates.

In: folders of corpora that are used together. Out: a report for each, with the pictures that stand on two sides of a
split in or across them. Nothing is held in memory that grows with the corpus but some bytes a picture.
"""

from __future__ import annotations

import re
import sqlite3
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field
from functools import partial
from itertools import accumulate
from pathlib import Path
from typing import Any

from PIL import Image

from memecap.core import manifest, progress, storage
from memecap.core.manifest import Row
from memecap.core.parallel import parallel_map
from memecap.corpora.build.pictures import inspect_and_open
from memecap.corpora.tools.leaks import SAME, leaks, sketch
from memecap.memory.stored import load_recollections
from memecap.pictures.safe_open import open_picture

_WORD = re.compile(r"\w+")
_CYRILLIC = re.compile(r"[а-яё]", re.IGNORECASE)
_LETTER = re.compile(r"[^\W\d_]")


@dataclass(slots=True)
class Report:
    """One corpus. `faults` is what must be put right; the rest describes."""

    name: str
    counts: dict[str, int] = field(default_factory=dict)
    captions: dict[str, int] = field(default_factory=dict)  # split → captions
    pictures: int = 0
    words: dict[str, float] = field(default_factory=dict)  # of a caption: mean, median, p95, max
    languages: dict[str, int] = field(default_factory=dict)  # by script: cyrillic, latin, mixed, none
    repeated_captions: int = 0  # captions that stand more than once
    shared_captions: int = 0  # different captions that stand in more than one split
    left_out: int = 0
    known: dict[str, int] = field(default_factory=dict)  # split → pictures that show one of train
    near_misses: list[str] = field(default_factory=list)  # pictures of two splits that look alike, for the eye
    faults: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def check(folders: Sequence[Path], *, on: str = "here", limit: int | None = None) -> list[Report]:
    """Check corpora, each alone and all together; only the first rows of each split with a `limit`.

    Raises `MissingFileError` for one that is not finished.
    """
    corpora = [manifest.open_corpus(folder).limited(limit) for folder in folders]
    with closing(sqlite3.connect("")) as db:
        db.executescript(
            "CREATE TABLE pictures (corpus INT, split TEXT, group_id TEXT, image_id TEXT, sketch BLOB, name TEXT);"
            "CREATE TABLE captions (corpus INT, split TEXT, caption BLOB)"
        )
        reports = [_read(db, number, corpus, on=on) for number, corpus in enumerate(corpora)]
        _add_shared_groups(db, reports)
        _add_leaks(db, corpora, reports)
    return reports


def script_of(text: str) -> str:
    """cyrillic, latin (or any other), mixed (less than nine letters in ten of one kind), or none."""
    letters = len(_LETTER.findall(text))
    cyrillic = len(_CYRILLIC.findall(text))
    if not letters:
        return "none"
    share = cyrillic / letters
    return "cyrillic" if share > 0.9 else "latin" if share < 0.1 else "mixed"


def _read(db: sqlite3.Connection, number: int, corpus: manifest.Corpus, *, on: str) -> Report:
    report = Report(name=corpus.name, counts=dict(corpus.counts))
    report.left_out = corpus.details.get("left_out", 0) + corpus.details.get("failed", 0)
    lengths: Counter[int] = Counter()
    languages: Counter[str] = Counter()
    waits = corpus.details.get("source") == "pictures"  # for its captions
    for split in corpus.counts:
        _compare_checksum(corpus, split, report)
        rows = progress.track(corpus.rows(split), f"{corpus.name} {split}", total=corpus.counts[split])
        n_captions = n_rows = 0
        for row, waves, reason in parallel_map(partial(_look, corpus), rows, on=on):
            n_rows += 1
            n_captions += len(row.captions)
            lengths.update(len(_WORD.findall(caption)) for caption in row.captions)
            languages.update(script_of(caption) for caption in row.captions)
            report.pictures += bool(row.file_name)
            if reason:
                report.faults.append(f"{split}/{row.file_name}: {reason}")
            if not all(row.captions) or not (row.captions or waits):
                report.faults.append(f"{split}: {row.source_id or row.image_id} lacks a caption")
            db.execute(
                "INSERT INTO pictures VALUES (?, ?, ?, ?, ?, ?)",
                (number, split, row.group_id, row.image_id, waves, Path(row.file_name).name if row.file_name else ""),
            )
            db.executemany(
                "INSERT INTO captions VALUES (?, ?, ?)",
                ((number, split, bytes.fromhex(storage.sha256_bytes(text.encode()))[:16]) for text in row.captions),
            )
        report.captions[split] = n_captions
        if n_rows != corpus.counts[split]:
            report.faults.append(f"{split}: {n_rows} rows where corpus.json counts {corpus.counts[split]}")
    report.known = _known(corpus)
    report.words = _quantiles(lengths)
    report.languages = dict(languages.most_common())
    report.faults += _strays(db, number, corpus)
    _count_repeats(db, number, report)
    return report


def _look(corpus: manifest.Corpus, row: Row) -> tuple[Row, bytes | None, str]:
    """A row with its picture's sketch, and what is wrong with the picture."""
    path = corpus.image_path(row)
    if path is None:
        return row, None, ""
    picture, image = inspect_and_open(str(path))
    if image is None:
        return row, None, picture.reason
    waves = sketch(image)
    if not picture.plain:
        return row, waves, "not a plain upright RGB picture"
    return row, waves, "" if picture.image_id == row.image_id else "its bytes are not those the row names"


def _compare_checksum(corpus: manifest.Corpus, split: str, report: Report) -> None:
    expected = corpus.details.get("metadata_sha256", {}).get(split)
    path = corpus.folder / split / manifest.METADATA
    if expected and (not path.exists() or storage.sha256_file(path) != expected):
        report.faults.append(f"{split}/{manifest.METADATA} is not the file that corpus.json was written for")


def quantile(counts: Counter[int], share: float) -> int:
    """The least of some numbers, counted, that such a share of them does not exceed."""
    numbers = sorted(counts)
    below = accumulate(counts[number] for number in numbers)
    return next(number for number, n in zip(numbers, below, strict=True) if n >= share * counts.total())


def _known(corpus: manifest.Corpus) -> dict[str, int]:
    """How many pictures of the other splits show a picture of train, by the stored recollections."""
    found = load_recollections(corpus.folder)
    told = {
        image_id
        for image_id, known in found.items()
        if any(one.corpus == corpus.name and one.split == "train" for one in known)
    }
    others = [split for split in corpus.counts if split != "train"] if found else []
    return {split: sum(row.image_id in told for row in corpus.rows(split)) for split in others}


def _quantiles(lengths: Counter[int]) -> dict[str, float]:
    if not lengths:
        return {}
    mean = sum(length * n for length, n in lengths.items()) / lengths.total()
    median, p95 = (quantile(lengths, share) for share in (0.5, 0.95))
    return {"mean": round(mean, 1), "median": median, "p95": p95, "max": max(lengths)}


def _strays(db: sqlite3.Connection, number: int, corpus: manifest.Corpus) -> list[str]:
    if corpus.limit is not None:  # rows that were not looked at have their pictures, too
        return []
    db.execute("CREATE INDEX IF NOT EXISTS names ON pictures (corpus, split, name)")
    named = "SELECT 1 FROM pictures WHERE corpus = ? AND split = ? AND name = ?"
    return sorted(
        f"{split}/{manifest.IMAGES}/{path.name} belongs to no row"
        for split in corpus.counts
        for path in (corpus.folder / split / manifest.IMAGES).glob("*")
        if not db.execute(named, (number, split, path.name)).fetchone()
    )


def _count_repeats(db: sqlite3.Connection, number: int, report: Report) -> None:
    query = """SELECT COALESCE(SUM(n - 1), 0), COALESCE(SUM(splits > 1), 0) FROM (
        SELECT COUNT(*) AS n, COUNT(DISTINCT split) AS splits FROM captions WHERE corpus = ? GROUP BY caption)"""
    report.repeated_captions, report.shared_captions = db.execute(query, (number,)).fetchone()


def _add_shared_groups(db: sqlite3.Connection, reports: Sequence[Report]) -> None:
    """Groups and equal pictures on two sides, told once, with the last corpus that holds them."""
    query = """SELECT {0}, MAX(corpus), GROUP_CONCAT(DISTINCT split) FROM pictures
        GROUP BY {0} HAVING COUNT(DISTINCT split) > 1"""
    for column, word in (("group_id", "group"), ("image_id", "picture")):
        for value, number, splits in db.execute(query.format(column)):
            reports[number].faults.append(f"the {word} {value} stands in {splits.replace(',', ' and ')}")


def _add_leaks(db: sqlite3.Connection, corpora: Sequence[manifest.Corpus], reports: Sequence[Report]) -> None:
    """Nearly equal pictures on two sides, told once, with the corpus of the second."""
    seen = db.execute(
        "SELECT corpus, split, image_id, name, sketch FROM pictures WHERE sketch NOT NULL ORDER BY rowid"
    ).fetchall()

    def opened(position: int) -> Image.Image:
        number, split, _, name, _ = seen[position]
        return open_picture(corpora[number].folder / split / manifest.IMAGES / name)

    for one, other, found in leaks([record[4] for record in seen], [record[1] for record in seen], opened):
        pair = " and ".join(f"{corpora[seen[i][0]].name}/{seen[i][1]} {seen[i][2][:16]}" for i in (one, other))
        report = reports[seen[other][0]]
        if found >= SAME:
            report.faults.append(f"nearly equal pictures: {pair} (correlation {found:.2f})")
        else:
            report.near_misses.append(f"{pair} (correlation {found:.2f})")
