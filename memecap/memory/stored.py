"""The recollections of a corpus, kept beside it: `<corpus>/recollections/<memory's name>.jsonl`, a record a picture.

They are made with each picture's own row and group left out; who loads them sees to it that this was done.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from memecap.core import storage
from memecap.core.manifest import Row
from memecap.errors import DataError, MissingFileError
from memecap.memory.recollection import Recollection

FOLDER = "recollections"

Recollections = tuple[Recollection, ...]  # of one picture, the surest first


def store_recollections(corpus_folder: Path, name: str, found: Mapping[str, Sequence[Recollection]]) -> Path:
    """Keep what a memory of that name knows of pictures, by image id; replaces what was kept under the name."""
    path = recollections_path(corpus_folder, name)
    records = (
        {"image_id": image_id, "recollections": [one.to_json() for one in known]}
        for image_id, known in sorted(found.items())
    )
    storage.write_jsonl(path, records)
    return path


def load_recollections(corpus_folder: Path, name: str | None = None) -> dict[str, Recollections]:
    """Stored recollections by image id: of one memory, or the newest ones; empty for pictures that show nothing known.

    Raises `MissingFileError` where there are none.
    """
    folder = corpus_folder / FOLDER
    paths = [recollections_path(corpus_folder, name)] if name else list(folder.glob("*.jsonl"))
    stored = sorted((path for path in paths if path.exists()), key=lambda path: (path.stat().st_mtime, path.name))
    if not stored:
        fix = "Ask a memory of the training split for each picture of the corpus: `memecap memory --help`."
        raise MissingFileError("no stored recollections", where=folder if not name else paths[0], fix=fix)
    return {
        record["image_id"]: tuple(Recollection.from_json(one) for one in record["recollections"])
        for record in storage.read_jsonl(stored[-1])
    }


def recollections_path(corpus_folder: Path, name: str) -> Path:
    """Where the recollections of a memory are kept."""
    return corpus_folder / FOLDER / (re.sub(r"[^\w.=+]+", "-", name).strip("-") + ".jsonl")


def check_own(rows: Iterable[Row], known: Mapping[str, Recollections], *, where: Path) -> None:
    """Raises `DataError` where a picture remembers itself or its group, or what is no training row of its corpus."""
    for row in rows:
        for found in known.get(row.image_id, ()):
            own = found.image_id == row.image_id or found.group_id == row.group_id
            held_out = found.corpus == row.corpus and found.split not in ("train", "")
            if own or held_out:
                what = f"{row.image_id} remembers {'itself or its group' if own else f'a row of {found.split}'}"
                fix = "Store them again, with a memory of training rows and each picture's own group left out."
                raise DataError(what, where=where / FOLDER, fix=fix)
