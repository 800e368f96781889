"""SHA256SUMS: what the files of a folder were when they were written, so that `memecap verify` finds what has rotted.

The form is that of coreutils: `sha256sum -c SHA256SUMS` in the folder does the same without memecap.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from memecap.core import storage
from memecap.errors import DataError

NAME = "SHA256SUMS"
_LINE = re.compile(r"([0-9a-f]{64})  ([^\n\0]+)\n")


def record(folder: Path, files: Iterable[Path], about: Mapping[str, bytes] | None = None) -> None:
    """Write down what these files below the folder hold now; those that were written down before stay.

    Args:
        about: contents, by name, of files that are written after this one, being the sign that all is whole.
    """
    path = folder / NAME
    held = known(folder)
    now = {file.relative_to(folder).as_posix(): storage.sha256_file(file) for file in files}
    now |= {name: storage.sha256_bytes(content) for name, content in (about or {}).items()}
    kept = {name: digest for name, digest in (held | now).items() if name in now or (folder / name).exists()}
    if kept != held:
        storage.write_text(path, "".join(f"{digest}  {name}\n" for name, digest in sorted(kept.items())))


def known(folder: Path) -> dict[str, str]:
    """Name → SHA-256; empty where nothing, or nothing legible, was written down."""
    try:
        return read(folder)
    except DataError:
        return {}


def read(folder: Path) -> dict[str, str]:
    """Name → SHA-256; empty where nothing was written down. Raises `DataError` where a line is no such line."""
    path = folder / NAME
    if not path.is_file():
        return {}
    fix = "The list of checksums itself has changed: copy the folder again, or make it again."
    try:
        text = path.read_bytes().decode()
    except UnicodeDecodeError as error:
        raise DataError("not a list of checksums", where=path, fix=fix) from error
    lines = _LINE.findall(text)
    found = {name: digest for digest, name in lines}
    if "".join(f"{digest}  {name}\n" for digest, name in lines) != text or list(found) != sorted(found):
        raise DataError("not a list of checksums", where=path, fix=fix)
    return found


def forget(folder: Path, *names: str) -> None:
    """Before files change: what is written down of them, or of all when none is named, no longer holds."""
    held = known(folder)
    kept = {name: digest for name, digest in held.items() if names and name not in names}
    if kept and kept != held:
        storage.write_text(folder / NAME, "".join(f"{digest}  {name}\n" for name, digest in sorted(kept.items())))
    elif not kept:
        (folder / NAME).unlink(missing_ok=True)


def faults(folder: Path) -> Iterator[tuple[str, str]]:
    """(name, what is wrong: nothing where it is empty) of each file that is written down; the list itself is checked.

    Raises `DataError` where the list is broken.
    """
    for name, digest in read(folder).items():
        file = folder / name
        if Path(name).is_absolute() or ".." in Path(name).parts:
            yield name, "its name leads out of the folder"
        elif not file.is_file():
            yield name, "it is gone"
        else:
            yield name, "" if storage.sha256_file(file) == digest else "its content is not what was written (SHA-256)"
