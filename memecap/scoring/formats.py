"""Files of captions in the formats people have them in → one record a row, each with the words that name its place.

    *.jsonl         an object a line
    *.csv *.tsv     a header, then a row each; separated by commas, semicolons or tabs (told from the header)
    *.json          COCO results, a list of objects
    *.txt           a caption a line
    any             without a header: what stands in each column is said, the separator is found or said

A byte order mark, Windows line ends and empty lines (between objects, at the end of a text) do no harm.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from memecap.core import separated, storage
from memecap.errors import DataError, MissingFileError, UsageError

Record = tuple[Any, str]  # a row, and the words that name its place

#: other headings that leave no doubt which side they are of
OTHER_NAMES = {
    "caption": ("prediction", "predictions", "predicted", "pred", "hypothesis", "hypotheses", "hyp", "generated"),
    "references": ("reference", "ref", "refs", "target", "targets", "ground_truth", "gt", "real", "true"),
    "image_id": ("uid", "image", "id"),
}
_SINGLE = ("image_id", "caption")
_NUMBERED = re.compile(r"ref(?:erence)?s?[ _-]?\d+", re.IGNORECASE)
_EXCEL = re.compile(r'"?sep=(.)"?\r?', re.IGNORECASE)  # the first line by which Excel knows the separator
HEADLESS = "A file without a header is read with --columns image_id,caption,reference (as its columns stand)."


def records(
    path: Path, columns: Mapping[str, str] | None = None, *, positions: Sequence[str] = (), separator: str = ""
) -> Iterator[Record]:
    """The records of a file, `caption`, `references` and `image_id` among their keys.

    Args:
        columns: what the file calls them, such as {"caption": "generated"}.
        positions: what each column of a table without a header is: image_id, caption, reference, or - for none of them.
        separator: what stands between cells; found when empty.

    Raises:
        MissingFileError, DataError: the file is not there, or cannot be read; the line is named.
        UsageError: an unknown kind of file, or a separator that cannot be told.
    """
    if not path.is_file():
        raise MissingFileError("no such file of captions", where=path, fix="Check the path.")
    kind = path.suffix.lower()
    if kind == ".jsonl":
        found = _objects(path)
    elif kind == ".json":
        found = _listed(path)
    elif positions:
        found = _headless(path, _known(positions), separator)
    elif separator or kind in (".csv", ".tsv"):
        found = _table(path, separator)
    elif kind == ".txt":
        found = (({"caption": line}, f"{path}, row {number}") for number, line in enumerate(texts(path), 1))
    else:
        fix = f"Use .jsonl, .csv, .tsv, .json or .txt. {HEADLESS}"
        raise UsageError(f"cannot tell what {kind or 'a file without ending'} holds", where=path, fix=fix)
    for record, where in found:
        yield _renamed(record, columns or {}, where) if isinstance(record, dict) else record, where


def texts(path: Path) -> list[str]:
    """The lines of a text file; an empty line is an empty text, but not after the last one."""
    return [line.removesuffix("\r") for line, _ in _lines(path)]


def _lines(path: Path) -> Iterator[tuple[str, int]]:
    """Lines without their line feeds, and their numbers."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise MissingFileError(f"cannot read: {error.strerror}", where=path, fix="Check the path.") from error
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise DataError("the file is UTF-16", where=path, fix="Save it as UTF-8.")
    parts = content.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    for number, part in enumerate(parts[:-1] if not parts[-1] else parts, 1):
        try:
            yield part.decode(), number
        except UnicodeDecodeError as error:
            raise DataError("not UTF-8", where=f"{path}, row {number}", fix="Save the file as UTF-8.") from error


def _objects(path: Path) -> Iterator[Record]:
    filled = (numbered for numbered in _lines(path) if numbered[0].strip())
    for number, (line, line_number) in enumerate(filled, 1):
        where = f"{path}, row {number} (line {line_number})"
        try:
            yield json.loads(line), where
        except (ValueError, RecursionError) as error:
            what = getattr(error, "msg", error)
            raise DataError(f"not JSON: {what}", where=where, fix="Correct or remove the line.") from error


def _listed(path: Path) -> Iterator[Record]:
    found = storage.read_json(path)
    if not isinstance(found, list):
        raise DataError("COCO results are a list", where=path, fix='Write [{"image_id", "caption"}, …].')
    for number, record in enumerate(found, 1):
        yield record, f"{path}, row {number}"


def _table(path: Path, separator: str) -> Iterator[Record]:
    lines = list(_lines(path))
    if lines and (excel := _EXCEL.fullmatch(lines[0][0])):
        separator, lines[0] = separator or excel[1], ("", 1)
    head = next((line for line, _ in lines if line.strip()), "")
    rows = separated.rows(lines, separator or max(",;\t", key=head.count), path, quoted=True)
    filled = (row for row in rows if any(row[1]))
    head_number, titles = next(filled, (1, []))
    header = [name.strip() for name in titles]
    if twice := separated.repeated(header):
        what = f"two columns have one name: {', '.join(twice)}"
        raise DataError(what, where=f"{path}, line {head_number}", fix="Rename one of them.")
    for number, (line_number, cells) in enumerate(filled, 1):
        where = f"{path}, row {number} (line {line_number})"
        if len(cells) != len(header):
            fix = f"Quote the cells that hold separators; fill in the cells that are missing. {HEADLESS}"
            raise DataError(f"{len(cells)} cells under {len(header)} columns", where=where, fix=fix)
        yield {name: _value(cell) for name, cell in zip(header, cells, strict=True) if name}, where


def _headless(path: Path, names: Sequence[str], separator: str) -> Iterator[Record]:
    lines = [(line.removesuffix("\r"), number) for line, number in _lines(path)]
    separator = separator or _separator(lines, len(names), path)
    for number, (line_number, cells) in enumerate(separated.rows(lines, separator, path, quoted=False), 1):
        where = f"{path}, row {number} (line {line_number})"
        if len(cells) != len(names):
            fix = "Name each column in --columns, - for one that is not wanted; say the separator with --sep."
            raise DataError(f"{len(cells)} cells, not the {len(names)} of {','.join(names)}", where=where, fix=fix)
        if number == 1 and all(_ours(cell) for cell in cells):
            continue  # it has a header after all
        named = list(zip(names, cells, strict=True))
        record: dict[str, Any] = {name: cell for name, cell in named if name in _SINGLE}
        record["caption"] = _value(record["caption"])
        if "references" in names:
            record["references"] = [cell for name, cell in named if name == "references" and _value(cell)]
        yield record, where


def _separator(lines: Sequence[tuple[str, int]], width: int, path: Path) -> str:
    found = separated.separators(lines, width)
    if len(found) == 1:
        return found[0]
    told = " and ".join(map(repr, found)) + " each split" if found else f"none of {separated.SEPARATORS} splits"
    raise UsageError(f"{told} every line into {width} columns", where=path, fix="Say it: --sep ' | ', or --sep tab.")


def _known(positions: Sequence[str]) -> list[str]:
    """The columns under our names. Raises `UsageError` where one means nothing, or two mean the same."""
    names = ["-" if position in ("", "-") else _ours(position) for position in positions]
    singles = [name for name in names if name in _SINGLE]
    if "" in names or "caption" not in names or len(set(singles)) < len(singles):
        fix = "Name them as they stand: image_id, caption, reference (again for each further one), - for any other."
        raise UsageError("the columns are not caption and reference", where=f"--columns {','.join(positions)}", fix=fix)
    return names


def _ours(name: str) -> str:
    """Our name for a heading; empty where it is none that we know."""
    name = name.strip().lower()
    if _NUMBERED.fullmatch(name):
        return "references"
    return next((ours for ours, others in OTHER_NAMES.items() if name in (ours, *others)), "")


def _value(cell: str) -> str | None:
    return None if cell.lower() == "nan" else cell


def _renamed(record: dict[str, Any], columns: Mapping[str, str], where: str) -> dict[str, Any]:
    """The record with our names for its caption, its references and its picture."""
    found = {ours: _column(ours, record, columns, where) for ours in OTHER_NAMES}
    theirs = {name: ours for ours, name in found.items() if name is not None}
    kept = [name for name in record if name in theirs or name not in OTHER_NAMES]
    record = {theirs.get(name, name): record[name] for name in kept}
    numbered = [record.pop(key) for key in list(record) if _NUMBERED.fullmatch(key)]
    if numbered or "references" in record:
        told = [text for text in numbered if text not in ("", None)]
        record["references"] = [*_as_list(record.get("references")), *told]
    return record


def _column(ours: str, record: Mapping[str, Any], columns: Mapping[str, str], where: str) -> str | None:
    """What the record calls a column of ours. Raises `DataError` where it is not there, or could be either of two."""
    if ours in columns:
        if columns[ours] not in record:
            fix = f"There are: {', '.join(record)}."
            raise DataError(f"there is no column {columns[ours]!r}", where=where, fix=fix)
        return columns[ours]
    taken = set(columns.values())
    known = [name for name in (ours, *OTHER_NAMES[ours]) if name in record and name not in taken]
    if len(known) > 1 and ours != "image_id":
        fix = f"Say which with --column {ours}=NAME."
        raise DataError(f"{' and '.join(known)} could each be the {ours}", where=where, fix=fix)
    return known[0] if known else None


def _as_list(value: Any) -> Sequence[Any]:
    """References as a list: one text, several, or several written as JSON in a cell."""
    if isinstance(value, list):
        return value
    if isinstance(value, str) and value.startswith("["):
        try:
            found = json.loads(value)
        except json.JSONDecodeError:
            return [value]
        return found if isinstance(found, list) and all(isinstance(text, str) for text in found) else [value]
    return [] if value is None or value == "" else [value]
