"""What a picture must never remember: itself, its group, rows that are held out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from memecap.core.manifest import Corpus, Row
from memecap.errors import DataError
from memecap.memory.recollection import Recollection
from memecap.memory.stored import FOLDER, Recollections, load_recollections


def load_own(corpus: Corpus, split: str) -> Recollections:
    """What is stored of a split's pictures, fit to learn from; empty for a split without pictures.

    Raises:
        DataError: nothing is stored, or something that a picture must not remember.
    """
    rows, folder = list(corpus.rows(split)), corpus.folder / FOLDER
    if not any(row.file_name for row in rows):
        return {}
    known = load_recollections(corpus.folder)
    if not known:
        fix = "Ask a memory of its train split: `memecap memory find`, or set recollections: false."
        raise DataError("no stored recollections, and a stage demands them", where=folder, fix=fix)
    check_own(rows, known, where=folder)
    return known


def check_own(rows: Iterable[Row], known: Mapping[str, Sequence[Recollection]], *, where: Path) -> None:
    """Raises `DataError` where a picture remembers itself or its group, or what is no training row of its corpus."""
    for row in rows:
        for found in known.get(row.image_id, ()):
            own = found.image_id == row.image_id or found.group_id == row.group_id
            held_out = found.corpus == row.corpus and found.split not in ("train", "")
            if own or held_out:
                what = f"{row.image_id} remembers {'itself or its group' if own else f'a row of {found.split}'}"
                fix = "Store them again, with a memory of training rows and each picture's own group left out."
                raise DataError(what, where=where, fix=fix)
