"""Captions as text files beside their pictures: `x.txt` for `x.jpg`, and no file of the user's is ever lost.

Where two pictures of a folder share a stem (`x.jpg`, `x.png`) each keeps its whole name: `x.jpg.txt`, `x.png.txt`.
What was written is remembered by its hash in `.memecap-sidecars.jsonl` of the same folder: a file that is not there, or
that somebody has changed since, is not overwritten. Whose description a caption retells stands there, too.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from memecap.core import storage
from memecap.errors import StorageError
from memecap.memory.attribution import Attribution
from memecap.pictures.safe_open import find_pictures

RECORD = ".memecap-sidecars.jsonl"


class Sidecars:
    """The sidecars of one run over some pictures; `overwrite` takes files that memecap did not write, too."""

    def __init__(self, pictures: Iterable[Path], *, overwrite: bool = False) -> None:
        self._overwrite = overwrite
        self._named: dict[Path, set[str]] = {}  # pictures of the run by folder: they may have any extension
        for picture in pictures:
            self._named.setdefault(picture.parent, set()).add(picture.name)
        self._shared: dict[Path, Counter[str]] = {}
        self._written: dict[Path, set[tuple[str, str]]] = {}

    def path(self, picture: Path) -> Path:
        """Where the caption of a picture goes: another place for each picture of a folder."""
        long = picture.with_name(f"{picture.name}.txt")
        is_shared = self._taken(picture.parent)[picture.stem.casefold()] > 1
        return long if is_shared or picture.suffix.lower() == ".txt" else picture.with_suffix(".txt")

    def stands(self, picture: Path) -> bool:
        """Whether a caption that memecap wrote lies beside the picture, unchanged since."""
        path = self.path(picture)
        written = self._written.setdefault(path.parent, _remembered(path.parent))
        return path.is_file() and not path.is_symlink() and (path.name, storage.sha256_file(path)) in written

    def write(self, picture: Path, caption: str, source: Attribution | None = None) -> Path:
        """Write a caption beside its picture; returns where. `source` goes into the record.

        Raises `StorageError`, as where another's file stands.
        """
        path, content = self.path(picture), (caption + "\n").encode()
        written = self._written.setdefault(path.parent, _remembered(path.parent))
        if path.is_symlink() or path.exists():
            if path.is_file() and not path.is_symlink() and path.read_bytes() == content:
                return path
            self._refuse_others(path, written)
        record: dict[str, Any] = {"file": path.name, "sha256": storage.sha256_bytes(content)}
        record |= {"source": source.to_json()} if source else {}
        storage.append_line(path.parent / RECORD, record)  # first: else its file would be refused next time
        written.add((record["file"], record["sha256"]))
        storage.write_bytes(path, content)
        return path

    def _refuse_others(self, path: Path, written: set[tuple[str, str]]) -> None:
        ours = path.is_file() and not path.is_symlink() and (path.name, storage.sha256_file(path)) in written
        is_picture = path.name in self._named.get(path.parent, ())
        if not ours and (not self._overwrite or is_picture or path.is_dir()):
            what = "a file stands there that memecap did not write, or that was changed since"
            raise StorageError(what, where=path, fix="Move it away, or overwrite it with --overwrite.")

    def _taken(self, folder: Path) -> Counter[str]:
        """How many pictures of a folder want each name without `.txt`; whole names count, for `x.jpg.jpg`."""
        if folder not in self._shared:
            names = self._named.get(folder, set()) | {path.name for path in find_pictures(folder, deep=False)}
            self._shared[folder] = Counter(wanted.casefold() for name in names for wanted in (Path(name).stem, name))
        return self._shared[folder]


def _remembered(folder: Path) -> set[tuple[str, str]]:
    """Names and hashes of what was written; a line that a stopped run left unfinished is passed over."""
    path, found = folder / RECORD, set()
    if path.exists():
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            with suppress(ValueError, TypeError, KeyError):
                record = json.loads(line)
                found.add((str(record["file"]), str(record["sha256"])))
    return found
