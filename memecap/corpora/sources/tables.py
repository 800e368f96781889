"""Tables of text as files have them: delimited lines with a header, COCO json, official lists of a split's pictures.

In: a path. Out: records with the place they stand at, for messages.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from memecap.core import manifest, separated, storage
from memecap.errors import DataError, MissingFileError
from memecap.text.clean import clean

csv.field_size_limit(1 << 24)


def delimited(
    path: Path, *, delimiter: str = "\t", quoted: bool = False, columns: Sequence[str] = (), key: str = ""
) -> Iterator[tuple[str, dict[str, str]]]:
    """Records of a delimited file as (place, {column: value}); the first line names the columns unless `columns` does;
    `key` is the column that must be filled in.

    Raises:
        MissingFileError: no such file.
        DataError: a line with too few or too many fields or without its key, a quote that is not closed, two columns of
            one name, or a file that is not UTF-8.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="" if quoted else "\n") as file:
            lines = _quoted(file, delimiter, path) if quoted else _plain(file, delimiter)
            names = list(columns) or next(lines, (0, []))[1]
            if twice := separated.repeated(names):
                what = f"two columns have one name: {', '.join(twice)}"
                raise DataError(what, where=f"{path}, line 1", fix="Rename one of them.")
            for number, fields in lines:
                place = f"{path}, line {number}"
                if len(fields) != len(names):
                    what = f"{len(fields)} fields where {', '.join(names)} are expected"
                    fix = "Correct the line, or name the delimiter and quoting the file has."
                    raise DataError(what, where=place, fix=fix)
                record = dict(zip(names, fields, strict=True))
                if key in record and not record[key].strip():  # such rows would all become one picture
                    raise DataError(f"the {key} is empty", where=place, fix="Fill it in, or remove the row.")
                yield place, record
    except FileNotFoundError as error:
        raise MissingFileError("no such table", where=path, fix="Check the path.") from error
    except UnicodeDecodeError as error:
        raise DataError("not UTF-8", where=path, fix="Save the file as UTF-8.") from error


def _quoted(file: Iterator[str], delimiter: str, path: Path) -> Iterator[tuple[int, list[str]]]:
    return ((number, fields) for number, fields in separated.quoted_rows(file, delimiter, path) if fields)


def _plain(file: Iterator[str], delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Only a line feed ends a record here, so a stray carriage return inside a text is kept."""
    stripped = ((number, line.rstrip("\r\n")) for number, line in enumerate(file, 1))
    return ((number, line.split(delimiter)) for number, line in stripped if line)


def coco(path: Path) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """The images of a COCO-like json, each with its annotations; raises `DataError` where the json is none."""
    content = storage.read_json(path)
    try:
        images: dict[Any, tuple[dict[str, Any], list[dict[str, Any]]]] = {
            image["id"]: (image, []) for image in content["images"]
        }
        for annotation in content["annotations"]:
            images[annotation["image_id"]][1].append(annotation)
    except (KeyError, TypeError) as error:
        what = f"not a COCO json of captions: {error!r} is not there"
        fix = "It needs images[].id, images[].file_name, annotations[].image_id and annotations[].caption."
        raise DataError(what, where=path, fix=fix) from error
    yield from images.values()


def split_of_name(name: str) -> str:
    """`val.csv`, `validation`, `test_2016_images.txt` → the split's name; empty where the name says none."""
    lowered = name.lower()
    return next((split for split in manifest.SPLITS if lowered.startswith(split)), "")


def split_lists(folder: Path) -> dict[str, str]:
    """Picture, as `listed_as` has it → split, from lists such as `train_images.txt`; raises where there is none."""
    found: dict[str, str] = {}
    for path in sorted(folder.glob("*.txt")):
        if split := split_of_name(path.name):
            for line in path.read_text(encoding="utf-8").split():
                found[listed_as(line)] = split
    if not found:
        fix = "Put train*.txt, val*.txt, test*.txt with a picture a line."
        raise MissingFileError("no lists of splits there", where=folder, fix=fix)
    return found


def listed_as(name: str) -> str:
    """What a picture is called in the lists of splits: its key without folders."""
    return manifest.source_key(Path(name).name)


def picture(folder: Path, name: str) -> Path:
    """The file of a picture that a table names with or without its ending."""
    path = folder / name
    if manifest.source_key(name) != name:
        return path
    endings = ("", ".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp")
    with suppress(OSError, ValueError):  # no file has such a name
        return next((file for ending in endings if (file := folder / f"{name}{ending}").exists()), path)
    return path


def one_line(text: str) -> str:
    """The text on one line: every run of whitespace becomes one space."""
    return " ".join(clean(text).split())
