"""The pictures that a command was given: folders are looked through, and what is left out is said."""

from __future__ import annotations

import glob
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from memecap.core.manifest import MANIFEST
from memecap.core.progress import say
from memecap.errors import DataError, MissingFileError, UsageError


def expand(targets: Sequence[str]) -> Iterator[Path | bytes | str]:
    """What names, folders, globs and `-` stand for. A name that matches nothing is kept: it will be reported.

    A URL is the only `str` of the answer.
    """
    from memecap.pictures.fetch import is_url

    for target in targets:
        path = Path(target)
        if target == "-":
            yield sys.stdin.buffer.read()
        elif is_url(target):
            yield target
        elif path.is_dir():
            yield from in_folder(path)
        elif not path.exists() and glob.has_magic(target):
            yield from sorted(Path(found) for found in glob.glob(target, recursive=True)) or [path]
        else:
            yield path


def listed(file: Path | None) -> list[str]:
    """The pictures that `--from-file` names, one a line; - is stdin. Blank lines and those after a # are no pictures.

    Raises `MissingFileError`, or `DataError` where the file holds no text.
    """
    if file is None:
        return []
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise MissingFileError("no such list", where=file, fix="Check the path.") from error
    except UnicodeDecodeError as error:
        raise DataError("not a file of UTF-8 text", where=file, fix="Write a path or an address a line.") from error
    lines = (line.strip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def told_apart(targets: Sequence[str]) -> tuple[list[Path], list[Path | str | bytes]]:
    """Corpora, and pictures. Raises `MissingFileError` at a name of nothing, `UsageError` when nothing is there."""
    corpora = [Path(target) for target in targets if (Path(target) / MANIFEST).exists()]
    pictures = list(expand([target for target in targets if Path(target) not in corpora]))
    for picture in pictures:
        if isinstance(picture, Path) and not picture.exists():
            raise MissingFileError("no such picture or corpus", where=picture, fix="Check the path.")
    check_any([*corpora, *pictures], targets)
    return corpora, pictures


def named(picture: Path | str | bytes) -> str:
    """What a picture is called in an answer."""
    return "-" if isinstance(picture, bytes) else str(picture)


def file_of(picture: Path | str | bytes) -> Path:
    """The picture's file. Raises `UsageError` at an address and at what came through stdin."""
    if not isinstance(picture, Path):
        raise UsageError("files are wanted here", where=named(picture), fix="Save the picture.")
    return picture


def in_folder(folder: Path) -> list[Path]:
    """The pictures of a folder; files of formats that are not read here are counted aloud, and so is an empty one."""
    from memecap.pictures.safe_open import FOREIGN_EXTENSIONS, find_pictures

    found, foreign = find_pictures(folder), find_pictures(folder, FOREIGN_EXTENSIONS)
    if foreign:
        kinds = sorted({path.suffix.lower() for path in foreign})
        files = "1 file was" if len(foreign) == 1 else f"{len(foreign)} files were"
        say(
            f"{folder}: {files} skipped, because {', '.join(kinds)} cannot be read here; convert to JPEG or PNG, "
            f"for example with ImageMagick: magick mogrify -format jpg '*{kinds[0]}'"
        )
    if not found:
        say(f"{folder}: no pictures in this folder")
    return found


def check_any(found: Sequence[object], targets: Sequence[object]) -> None:
    """Raises `UsageError` when there is nothing to do, as when nothing was named."""
    if not found:
        fix = "Name pictures, or folders with pictures in them."
        raise UsageError("no pictures there", where=", ".join(str(target) for target in targets), fix=fix)
