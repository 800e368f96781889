"""The readings of a corpus, kept beside it: `<corpus>/readings/<reader's version>.jsonl`, a record a picture.

Pictures that a stored file already holds are not read again. While a corpus is being read, records collect in a
`.part` file, so a stopped run goes on where it was.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from memecap.core import storage, sums
from memecap.core.manifest import SPLITS, Corpus, Row
from memecap.core.parallel import chunks, parallel_map, with_part
from memecap.core.progress import bar
from memecap.errors import DataError, MissingFileError
from memecap.pictures.safe_open import open_picture
from memecap.reading.base import Reader, Reading

FOLDER = "readings"


def read_corpus(
    corpus: Corpus, reader: Reader, splits: Sequence[str] | None = None, *, batch_size: int = 32, on: str = "here"
) -> dict[str, Reading]:
    """Read every picture of the splits (all splits when None) that was not read before, and store the readings.

    Returns the readings of the whole corpus under this reader, by image id; they are the same wherever it runs (`on`,
    see `parallel_map`).

    Raises:
        DataError, MissingFileError: a picture of the corpus is broken or gone.
        ServiceError: the reader's program or model is not there.
        TryLaterError: another process is reading this corpus.
    """
    path = readings_path(corpus.folder, reader.version)
    part = path.with_suffix(".part")
    with storage.lock(path.parent):
        storage.sweep(path.parent)
        storage.cut_torn_line(part)
        known = (held := _load(path)) | _load(part)
        todo = list(_unread(corpus, splits, known))
        with bar() as progress, part.open("a", encoding="utf-8") as file:
            task = progress.add_task(f"reading {corpus.name}", total=len(todo))
            read = with_part(_read, reader, family="reading", on=on)
            batches = list(chunks(todo, batch_size))
            readings = parallel_map(read, ([path for _, path in batch] for batch in batches), on=on, chunk=1)
            for batch, found in zip(batches, readings, strict=True):
                for (row, _), reading in zip(batch, found, strict=True):
                    file.write(storage.to_line({"image_id": row.image_id, **reading.to_json()}))
                    known[row.image_id] = reading
                file.flush()
                progress.advance(task, len(batch))
        if len(known) > len(held) or not path.exists():  # a stopped run may have read all and written down none
            ordered = sorted(known.items())
            sums.forget(path.parent, path.name)
            storage.write_jsonl(path, ({"image_id": key, **reading.to_json()} for key, reading in ordered))
        if path.name not in sums.known(path.parent):
            sums.record(path.parent, [path])
        part.unlink(missing_ok=True)
    return known


def load_readings(corpus_folder: Path, version: str | None = None) -> dict[str, Reading]:
    """Stored readings by image id: of one reader's version, or the newest ones; empty when there are none.

    Raises:
        MissingFileError: a version was named and nothing was read with it.
    """
    if version is not None:
        path = readings_path(corpus_folder, version)
        if not path.exists():
            raise MissingFileError("no such readings", where=path, fix=f"Run `memecap read {corpus_folder}`.")
        return _load(path)
    stored = sorted((corpus_folder / FOLDER).glob("*.jsonl"), key=lambda path: (path.stat().st_mtime, path.name))
    return _load(stored[-1]) if stored else {}


def readings_path(corpus_folder: Path, version: str) -> Path:
    """Where the readings of a reader's version are kept."""
    return corpus_folder / FOLDER / (re.sub(r"[^\w.=+]+", "-", version).strip("-") + ".jsonl")


def _read(reader: Reader, paths: Sequence[Path]) -> list[Reading]:
    return reader.read([open_picture(path) for path in paths])


def _unread(corpus: Corpus, splits: Sequence[str] | None, known: Iterable[str]) -> Iterator[tuple[Row, Path]]:
    """Each picture that is not known, once, and where it lies."""
    seen = set(known)
    for split in splits if splits is not None else dict.fromkeys([*SPLITS, *corpus.counts]):
        for row in corpus.rows(split):
            if row.image_id not in seen and (path := corpus.image_path(row)):
                seen.add(row.image_id)
                yield row, path


def _load(path: Path) -> dict[str, Reading]:
    """The records of a file; none where it is not there."""
    if not path.exists():
        return {}
    found = {}
    for number, record in enumerate(storage.read_jsonl(path), 1):
        try:
            found[record["image_id"]] = Reading.from_json(record)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            fix = "Remove the file and read the corpus again."
            raise DataError("not a reading", where=f"{path}, line {number}", fix=fix) from error
    return found
