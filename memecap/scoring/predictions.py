"""Captions with their references, from and to files: the rows that are scored.

In: any file of `formats`; references stand beside the captions, or come from COCO annotations or from text
files with a line for each caption. Out: `Prediction`s, checked.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from memecap.core import storage
from memecap.core.manifest import confined, source_key
from memecap.errors import DataError, UsageError
from memecap.scoring import formats


@dataclass(frozen=True, slots=True)
class Prediction:
    """One picture's caption beside its references."""

    image_id: str
    caption: str
    references: tuple[str, ...]
    rest: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """What rows, annotations and other tables are joined by: `1.jpg` and `1` are one picture."""
        return source_key(self.image_id)

    def picture(self, folder: Path) -> Path:
        """Where its picture lies below a folder. Raises `DataError` where the row's name of it leads out of there."""
        return confined(folder, str(self.rest.get("file_name") or self.image_id))

    def to_json(self) -> dict[str, Any]:
        own = {"image_id": self.image_id, "caption": self.caption, "references": list(self.references)}
        return {**own, **self.rest}


def read_predictions(
    path: Path,
    annotations: Path | None = None,
    *,
    references: Sequence[Path] = (),
    columns: Mapping[str, str] | None = None,
    positions: Sequence[str] = (),
    separator: str = "",
) -> list[Prediction]:
    """The rows of a file of captions.

    Args:
        annotations: COCO annotations with the references of each picture.
        references: text files whose line n is a reference of row n; several files are several references.
        columns, positions, separator: see `formats.records`.

    Raises:
        DataError: a row cannot be used, or a picture has two; the row's number is named.
        UsageError: a kind of file that is not known, or captions with no references anywhere.
    """
    records = list(formats.records(path, columns, positions=positions, separator=separator))
    if not records:
        raise DataError("no captions in the file", where=path, fix="Caption some pictures first.")
    if annotations is not None:
        records = list(_annotated(records, _coco_references(annotations)))
    elif references:
        records = list(_paired(records, path, references))
    elif path.suffix.lower() in (".json", ".txt") and not any(
        isinstance(record, Mapping) and "references" in record for record, _ in records
    ):
        fix = (
            "Give --annotations (COCO) or --references (a text file, a line for each caption), or say what stands in "
            "the columns: --columns image_id,caption,reference."
        )
        raise UsageError("the file holds captions without references", where=path, fix=fix)
    rows = [_prediction(record, number, where) for number, (record, where) in enumerate(records, 1)]
    seen: dict[str, int] = {}
    for number, (row, (_, where)) in enumerate(zip(rows, records, strict=True), 1):
        if row.key in seen:
            fix = "Keep one caption for each picture."
            raise DataError(f"image_id {row.image_id!r} was already on row {seen[row.key]}", where=where, fix=fix)
        seen[row.key] = number
    return rows


def annotated(path: Path) -> list[Prediction]:
    """Every picture of COCO annotations with its references, and no caption."""
    return [Prediction(key, "", tuple(references)) for key, references in _coco_references(path).items()]


def _annotated(records: Sequence[formats.Record], known: Mapping[str, list[Any]]) -> Iterator[formats.Record]:
    for record, where in records:
        if not isinstance(record, Mapping):
            yield record, where
            continue
        key = source_key(str(record.get("image_id")))
        if key not in known:
            fix = "Check that results and annotations belong together."
            raise DataError(f"no annotation of image_id {record.get('image_id')!r}", where=where, fix=fix)
        yield {**record, "references": known[key]}, where


def _coco_references(path: Path) -> dict[str, list[Any]]:
    record = storage.read_json(path)
    found: dict[str, list[Any]] = {}
    try:
        for annotation in record["annotations"]:
            found.setdefault(source_key(str(annotation["image_id"])), []).append(annotation["caption"])
    except (KeyError, TypeError) as error:
        fix = 'They are {"annotations": [{"image_id", "caption"}, …]}.'
        raise DataError(f"not COCO annotations: {error!r}", where=path, fix=fix) from error
    return found


def _paired(records: Sequence[formats.Record], path: Path, files: Sequence[Path]) -> Iterator[formats.Record]:
    columns = [formats.texts(file) for file in files]
    for file, lines in zip(files, columns, strict=True):
        if len(lines) != len(records):
            where = f"{path}, {file}, row {min(len(lines), len(records)) + 1}"
            fix = "Line n of the references belongs to row n of the captions."
            raise DataError(f"{len(records)} captions but {len(lines)} references", where=where, fix=fix)
    for (record, where), *row in zip(records, *columns, strict=True):
        yield ({**record, "references": list(row)} if isinstance(record, Mapping) else record), where


def _prediction(record: Any, number: int, where: str) -> Prediction:
    if not isinstance(record, Mapping):
        raise DataError("a row must be an object", where=where, fix='Write {"image_id", "caption", "references"}.')
    rest = dict(record)
    image_id, caption = rest.pop("image_id", number), rest.pop("caption", None)
    references = rest.pop("references", None)
    if not isinstance(caption, str):
        raise DataError("a row needs a caption of text", where=where, fix=_fix(record, "caption"))
    if not isinstance(references, list) or not references or not all(isinstance(r, str) for r in references):
        raise DataError("a row needs references: a list of texts", where=where, fix=_fix(record, "references"))
    if image_id is None or not str(image_id).strip() or (isinstance(image_id, float) and math.isnan(image_id)):
        raise DataError("the image_id is empty", where=where, fix="Fill it in, or leave it out of every row.")
    return Prediction(str(image_id), caption, tuple(references), rest)


def _fix(record: Mapping[str, Any], wanted: str) -> str:
    if wanted in record:
        return "Fill it in."
    there = ", ".join(map(str, record)) or "nothing"
    return f"The row has {there}; name yours with --column {wanted}=NAME. {formats.HEADLESS}"
