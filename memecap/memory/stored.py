"""A corpus and a memory: its rows remembered, and what is remembered of its pictures, kept beside it.

`<corpus>/recollections/<identity of the memory>.jsonl` holds {image_id, recollections} a line, by image id. A picture
never recalls itself nor its group. While a corpus is being asked about, records collect in a `.part` file, so a stopped
run goes on where it was.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from memecap.core import storage, sums
from memecap.core.manifest import SPLITS, Corpus, Row
from memecap.core.progress import track
from memecap.errors import DataError, MissingFileError
from memecap.memory.entry import PERSON, Entry
from memecap.memory.memory import Memory, Picture
from memecap.memory.recollection import Recollection, RememberedLine

FOLDER = "recollections"

Lines = Mapping[str, Sequence[RememberedLine]]  # what was read, by image id
Recollections = dict[str, tuple[Recollection, ...]]  # by image id


def remember(
    memory: Memory,
    corpus: Corpus,
    lines: Lines,
    splits: Sequence[str] | None = None,
    *,
    written_by: str = "",
    on: str = "here",
) -> list[tuple[str, str]]:
    """Add the described pictures of the splits (all splits when None); returns (image_id, why) of those not opened.

    Args:
        written_by: who wrote the captions; when empty, what corpus.json says, the translator, or a person.
    """
    rows = [(row, path) for row in _rows(corpus, splits) if row.captions and (path := corpus.image_path(row))]
    author = written_by or str(corpus.details.get("written_by", ""))

    def pictures() -> Iterator[Picture]:
        for row, path in track(rows, f"remembering {corpus.name}"):
            read = tuple(lines.get(row.image_id, ()))
            yield _entry(row, read, author), path, [line.box for line in read]

    return memory.add(pictures(), on=on)


def _entry(row: Row, read: tuple[RememberedLine, ...], written_by: str) -> Entry:
    return Entry(
        image_id=row.image_id,
        group_id=row.group_id,
        corpus=row.corpus,
        split=row.split,
        captions=row.captions,
        lines=read,
        source_url=row.source_url,
        licence=row.licence,
        written_by=written_by or row.written_by or row.translator or PERSON,
    )


def recollect(
    corpus: Corpus, memory: Memory, lines: Lines, splits: Sequence[str] | None = None, *, on: str = "here"
) -> Recollections:
    """What is remembered of every picture of the splits (all splits when None), leaving out itself and its group.

    Returns the recollections of the whole corpus from this memory, by image id; they are stored beside it.

    Raises:
        DataError, MissingFileError: a picture of the corpus is broken or gone.
        TryLaterError: another process is asking about this corpus.
    """
    path = recollections_path(corpus.folder, memory.identity)
    part = path.with_suffix(".part")
    with storage.lock(path.parent):
        storage.sweep(path.parent)
        storage.cut_torn_line(part)
        known = (held := _load(path)) | _load(part)
        rows = [row for row in _rows(corpus, splits) if row.file_name and row.image_id not in known]
        asked = (
            (corpus.image_path(row), [line.box for line in lines.get(row.image_id, ())], {row.image_id, row.group_id})
            for row in rows
        )
        answers = memory.ask_many(asked, on=on)  # type: ignore[arg-type]
        with part.open("a", encoding="utf-8") as file:
            for row, found in zip(track(rows, f"recalling {corpus.name}"), answers, strict=True):
                known[row.image_id] = tuple(found)
                file.write(storage.to_line(_record(row.image_id, found)))
                file.flush()
        if len(known) > len(held) or not path.exists():  # a stopped run may have asked all and written down none
            sums.forget(path.parent, path.name)
            storage.write_jsonl(path, (_record(*item) for item in sorted(known.items())))
        if path.name not in sums.known(path.parent):
            sums.record(path.parent, [path])
        part.unlink(missing_ok=True)
    return known


def load_recollections(corpus_folder: Path, identity: str | None = None) -> Recollections:
    """Stored recollections by image id: of one memory, or the newest ones; empty when there are none.

    Raises:
        MissingFileError: a memory was named and nothing was asked of it.
    """
    if identity is not None:
        path = recollections_path(corpus_folder, identity)
        if not path.exists():
            fix = f"Run `memecap memory find` on {corpus_folder}."
            raise MissingFileError("no recollections from this memory", where=path, fix=fix)
        return _load(path)
    stored = list((corpus_folder / FOLDER).glob("*.jsonl"))
    return _load(max(stored, key=lambda path: (path.stat().st_mtime_ns, path.name))) if stored else {}


def recollections_path(corpus_folder: Path, identity: str) -> Path:
    """Where the recollections from the memory of this identity stand."""
    return corpus_folder / FOLDER / f"{identity}.jsonl"


def _rows(corpus: Corpus, splits: Sequence[str] | None) -> Iterator[Row]:
    known = [*SPLITS, *(split for split in corpus.counts if split not in SPLITS)]
    for split in splits or known:
        yield from corpus.rows(split)


def _record(image_id: str, found: Sequence[Recollection]) -> dict[str, object]:
    return {"image_id": image_id, "recollections": [each.to_json() for each in found]}


def _load(path: Path) -> Recollections:
    records = storage.read_jsonl(path) if path.exists() else ()
    try:
        return {
            record["image_id"]: tuple(Recollection.from_json(found) for found in record["recollections"])
            for record in records
        }
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        fix = "Remove the file and run `memecap memory find` again."
        raise DataError("not recollections", where=path, fix=fix) from error
