"""VK's own answers, kept as they came: `raw/<wall>.<number>.jsonl.gz`, one page a line.

A file is written whole or not at all and never changed, so a better parser needs no new crawl, and a stopped reading
goes on from what is there. A line is `{"wall", "pass", "offset", "size", "response": {"count", "items"}}`.
"""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from memecap.core import storage
from memecap.errors import DataError, MissingFileError

FOLDER = "raw"
MAX_BYTES = 1 << 28  # of an unpacked file; pages of 2,500 posts have some 30 MB
_WALL = re.compile(
    r"^(?:https?://)?(?:(?:m|www)\.)?(?:vk\.com|vk\.ru|vkontakte\.ru)/(?:wall)?(?P<path>-?[\w.]+)/?(?:\?.*)?$"
)
_NUMBERED = re.compile(r"^(?:(?P<group>club|public|event)|(?P<person>id))(?P<number>\d+)$")


def wall_name(community: str) -> str:
    """One name for a wall however it is written: `https://vk.com/club1`, `club1`, `-1` → `-1`; `@memes` → `memes`."""
    name = community.strip()
    link = _WALL.match(name)
    if link:
        name = link["path"]
    name = name.lstrip("@").lower()
    numbered = _NUMBERED.match(name)
    if numbered:
        name = f"-{numbered['number']}" if numbered["group"] else numbered["number"]
    return name


class Archive:
    """The raw answers of a scrape folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / FOLDER

    def pages(self, wall: str) -> Iterator[dict[str, Any]]:
        """The stored pages of a wall in the order they came."""
        for path in self._files(wall):
            yield from read_lines(path)

    def add(self, wall: str, pages: Sequence[Mapping[str, Any]]) -> None:
        """Store the pages of one answer, as one new file."""
        lines = "".join(map(storage.to_line, pages))  # half an emoji, which VK cuts off, is escaped
        number = len(self._files(wall))
        path = self.folder / f"{wall}.{number:06}.jsonl.gz"
        storage.write_bytes(path, gzip.compress(lines.encode(), compresslevel=6, mtime=0))

    def _files(self, wall: str) -> list[Path]:
        """In order."""
        return [path for path in sorted(self.folder.glob("*.jsonl.gz")) if path.name.rsplit(".", 3)[0] == wall]


def read_lines(path: Path) -> Iterator[Any]:
    """The JSON values of an archive, or of a plain answer saved as .json or .jsonl, compressed or not.

    Raises:
        MissingFileError: no such file.
        DataError: not JSON, or a damaged archive.
    """
    try:
        content = path.read_bytes()
        if content[:2] == b"\x1f\x8b":
            with gzip.open(path) as file:
                content = file.read(MAX_BYTES + 1)
            if len(content) > MAX_BYTES:
                what = f"it unpacks to more than {MAX_BYTES:,} bytes"
                raise DataError(what, where=path, fix="Give answers of VK, as `memecap scrape` keeps them.")
        text = content.decode("utf-8-sig")
    except FileNotFoundError as error:
        raise MissingFileError("no such file", where=path, fix="Check the path.") from error
    except (EOFError, OSError, zlib.error, UnicodeDecodeError) as error:
        raise DataError(f"a damaged archive: {error}", where=path, fix="Use another copy of the file.") from error
    try:
        yield json.loads(text)  # one answer, over however many lines
        return
    except ValueError:
        pass
    except RecursionError as error:
        raise DataError("nested too deeply", where=path, fix="Use another copy of the file.") from error
    for number, line in enumerate(text.split("\n"), 1):  # splitlines would cut at U+2028 inside a text
        if line.strip():
            try:
                yield json.loads(line)
            except (ValueError, RecursionError) as error:
                where = f"{path}, line {number}"
                raise DataError(f"not JSON: {error}", where=where, fix="Use another copy of the file.") from error
