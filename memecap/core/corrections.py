"""Captions that people put right, kept because they asked for it: a folder that is only ever added to.

    corrections.jsonl       a line a correction: {time, image_id, file, caption, before, model}
    images/ab/abcd….png     each picture once, by the sha256 of its bytes

In: a picture's bytes with its corrected caption. Out: the records; `memecap corpus build corrections` makes a corpus.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path

from memecap.core import storage
from memecap.errors import DataError

FILE = "corrections.jsonl"


@dataclass(frozen=True, slots=True)
class Correction:
    """One of them. `file` is relative to the folder; `before` is what `model` had said."""

    time: str  # ISO 8601, UTC
    image_id: str
    file: str
    caption: str
    before: str = ""
    model: str = ""


def add(folder: Path, content: bytes, suffix: str, caption: str, *, before: str = "", model: str = "") -> Correction:
    """Keep a correction: the picture first, so that no line is without one. Raises `StorageError`."""
    image_id = storage.sha256_bytes(content)
    file = Path("images") / image_id[:2] / f"{image_id}{suffix}"
    if not (folder / file).exists():
        storage.write_bytes(folder / file, content)
    now = datetime.now(timezone.utc).isoformat(timespec="seconds")
    made = Correction(now, image_id, file.as_posix(), caption, before, model)
    storage.append_line(folder / FILE, asdict(made))
    return made


def read(folder: Path) -> Iterator[tuple[str, Correction]]:
    """Each correction with the place it stands at, the oldest first. Raises `MissingFileError`, `DataError`."""
    path = folder / FILE
    for number, record in enumerate(storage.read_jsonl(path), 1):
        place = f"{path}, line {number}"
        try:
            found = Correction(**record)
        except TypeError as error:
            raise DataError("not a correction", where=place, fix="Correct or remove the line.") from error
        if not all(isinstance(value, str) for value in asdict(found).values()):
            raise DataError("not a correction: a value is no text", where=place, fix="Correct or remove the line.")
        yield place, found
