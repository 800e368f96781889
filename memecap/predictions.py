"""Captions with their references, from and to files: the rows that are scored.

In, told apart by their ending and content:
    *.jsonl     {"image_id", "caption", "references"} a line, and whatever else its writer knew (reading,
    system, file_name) *.csv/tsv   the same as columns; several references stand in columns references,
    references_2, …, or as a JSON list *.json      COCO results [{"image_id", "caption"}], with the annotations
    file that holds the references
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from memecap import storage
from memecap.errors import DataError, MissingFileError, UsageError


@dataclass(frozen=True, slots=True)
class Prediction:
    """One picture's caption beside its references."""

    image_id: str
    caption: str
    references: tuple[str, ...]
    rest: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        own = {"image_id": self.image_id, "caption": self.caption, "references": list(self.references)}
        return own | dict(self.rest)


def read_predictions(path: Path, annotations: Path | None = None) -> list[Prediction]:
    """The rows of a file of captions.

    Args:
        annotations: COCO annotations, for a file without references; their order of pictures is kept.

    Raises:
        DataError: a row cannot be used, or a picture has two; the row's number is named.
        UsageError: COCO results without annotations, or a kind of file that is not known.
    """
    rows = [_prediction(record, where) for record, where in _records(path, annotations)]
    if not rows:
        raise DataError("no captions in the file", where=path, fix="Caption some pictures first.")
    seen: dict[str, int] = {}
    for number, row in enumerate(rows, 1):
        if row.image_id in seen:
            raise DataError(
                f"image_id {row.image_id!r} was already on row {seen[row.image_id]}",
                where=f"{path}, row {number}",
                fix="Keep one caption for each picture.",
            )
        seen[row.image_id] = number
    return rows


def write_predictions(path: Path, rows: Iterable[Prediction]) -> int:
    """Write a captions file atomically; returns how many rows."""
    return storage.write_jsonl(path, (row.to_json() for row in rows))


def _records(path: Path, annotations: Path | None) -> Iterator[tuple[Any, str]]:
    """Each record and the words that name its place."""
    if not path.is_file():
        raise MissingFileError("no such file of captions", where=path, fix="Check the path.")
    kind = path.suffix.lower()
    if kind in (".csv", ".tsv"):
        records: Iterable[Any] = _table(path, "\t" if kind == ".tsv" else ",")
    elif kind == ".json":
        records = storage.read_json(path)
        if not isinstance(records, list):
            raise DataError("COCO results are a list", where=path, fix='Write [{"image_id", "caption"}, …].')
    elif kind == ".jsonl":
        records = storage.read_jsonl(path)
    else:
        raise UsageError(
            f"cannot tell what {kind or 'a file without ending'} holds",
            where=path,
            fix="Use .jsonl, .csv, .tsv or .json.",
        )
    known = None if annotations is None else _coco_references(annotations)
    if known is None and kind == ".json":
        raise UsageError("COCO results hold no references", where=path, fix="Give --annotations.")
    for number, record in enumerate(records, 1):
        where = f"{path}, row {number}"
        if known is not None and isinstance(record, Mapping):
            references = known.get(str(record.get("image_id")))
            if references is None:
                fix = "Check that results and annotations belong together."
                raise DataError(f"no annotation of image_id {record.get('image_id')!r}", where=where, fix=fix)
            record = {**record, "references": references}
        yield record, where


def _table(path: Path, delimiter: str) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        try:
            for record in csv.DictReader(file, delimiter=delimiter):
                extra = [record.pop(key) for key in list(record) if key and key.startswith("references_")]
                references = _cell_references(record.get("references")) + [text for text in extra if text]
                yield {**{key: value for key, value in record.items() if key}, "references": references}
        except (csv.Error, UnicodeDecodeError) as error:
            raise DataError(f"not a table: {error}", where=path, fix="Save it as UTF-8 CSV.") from error


def _cell_references(cell: str | None) -> list[Any]:
    if cell and cell.startswith("["):
        try:
            listed = json.loads(cell)
        except json.JSONDecodeError:
            return [cell]
        return listed if isinstance(listed, list) else [cell]
    return [cell] if cell else []


def _coco_references(path: Path) -> dict[str, list[str]]:
    record = storage.read_json(path)
    found: dict[str, list[str]] = {}
    try:
        for annotation in record["annotations"]:
            found.setdefault(str(annotation["image_id"]), []).append(annotation["caption"])
    except (KeyError, TypeError) as error:
        fix = 'They are {"annotations": [{"image_id", "caption"}, …]}.'
        raise DataError(f"not COCO annotations: {error!r}", where=path, fix=fix) from error
    return found


def _prediction(record: Any, where: str) -> Prediction:
    if not isinstance(record, Mapping):
        raise DataError("a row must be an object", where=where, fix='Write {"image_id", "caption", "references"}.')
    rest = dict(record)
    image_id, caption = rest.pop("image_id", None), rest.pop("caption", None)
    references: Sequence[Any] | str | None = rest.pop("references", None)
    if image_id is None or not isinstance(caption, str):
        raise DataError("a row needs image_id and a caption of text", where=where, fix="Fill them in.")
    if isinstance(references, str):
        references = [references]
    if not isinstance(references, list) or not references or not all(isinstance(r, str) for r in references):
        raise DataError("a row needs references: a list of texts", where=where, fix="Fill them in.")
    return Prediction(str(image_id), caption, tuple(references), rest)
