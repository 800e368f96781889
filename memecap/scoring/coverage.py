"""Rows of several systems, joined by picture whatever their order; what a system left out is an empty caption.

In: the rows of each system. Out: as many rows for each, in one order, with one set of references; and a fingerprint of
pictures and references, which tells whether two tables scored the same ones.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence

from memecap.errors import DataError
from memecap.scoring.predictions import Prediction

Rows = Sequence[Prediction]


def fingerprint(rows: Rows) -> str:
    """16 hex digits of the rows' pictures and references; their order, and the captions, change nothing."""
    told = sorted((row.key, sorted(row.references)) for row in rows)
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]


def join(systems: Sequence[tuple[str, Rows]], *, asked: Rows = (), only_common: bool = False) -> list[list[Prediction]]:
    """The rows of each system, all on the same pictures: those asked for, or that any system captions.

    Args:
        systems: the name of each, for messages, and its rows.
        asked: every picture there is to caption, with its references; their captions do not count.
        only_common: leave out the pictures that some system lacks, in place of scoring an empty caption.

    Raises:
        DataError: a system captions a picture twice, the references of a picture differ, or no picture is common.
    """
    by_id = [(name, _by_picture(name, rows)) for name, rows in systems]
    pictures = _pictures([("the annotations", _by_picture("the annotations", asked)), *by_id])
    common = set(pictures).intersection(*(rows for _, rows in by_id))
    if not common:
        where = " · ".join(f"{name}: {next(iter(rows), 'nothing')} …" for name, rows in by_id)
        fix = "Give captions of the same pictures; the same picture needs the same image_id."
        raise DataError("no picture has a caption of every system", where=where, fix=fix)
    kept = [row for key, row in pictures.items() if not only_common or key in common]
    return [[_row(picture, rows.get(picture.key)) for picture in kept] for _, rows in by_id]


def _by_picture(name: str, rows: Iterable[Prediction]) -> dict[str, Prediction]:
    """Rows by the one spelling of their picture. Raises `DataError` where `name` captions a picture twice."""
    found: dict[str, Prediction] = {}
    for row in rows:
        if row.key in found:
            fix = "Keep one caption for each picture."
            raise DataError(f"{name!r} captions image_id {row.image_id!r} twice", where=name, fix=fix)
        found[row.key] = row
    return found


def _pictures(by_id: Sequence[tuple[str, Mapping[str, Prediction]]]) -> dict[str, Prediction]:
    """Every picture as the first to name it has it: references, name of the file."""
    pictures: dict[str, Prediction] = {}
    first: dict[str, str] = {}
    for name, rows in by_id:
        for key, row in rows.items():
            known = pictures.setdefault(key, row)
            if sorted(known.references) != sorted(row.references):
                told = f"{first[key]!r} and {name!r} have other references for image_id {key!r}"
                where = f"{known.references[0][:60]!r} and {row.references[0][:60]!r}"
                raise DataError(told, where=where, fix="Caption the same split with both, and keep its references.")
            first.setdefault(key, name)
    return pictures


def _row(picture: Prediction, own: Prediction | None) -> Prediction:
    if own is None:
        rest = {key: picture.rest[key] for key in ("file_name", "reading") if key in picture.rest}
        return Prediction(picture.image_id, "", picture.references, rest)
    return Prediction(own.image_id, own.caption, picture.references, own.rest)
