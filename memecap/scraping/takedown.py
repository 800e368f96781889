"""What somebody asked to have removed: a list of addresses, hosts and pictures, obeyed before and after a download.

In: a text file, an entry a line: `https://example.org/a.jpg`, `example.org` (with what is below it), or the sha256 of a
picture's bytes; # begins a remark. A picture that is taken down goes under all its addresses.
"""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

from memecap.errors import DataError, MissingFileError
from memecap.scraping.ledger import Entry, Ledger

NAME = "takedown.txt"
REASON = "taken_down"
_SHA256 = re.compile(r"[0-9a-f]{64}")
_HOST = re.compile(r"[\w-]+(\.[\w-]+)+")


class Takedown:
    """The list."""

    def __init__(self, entries: set[str]) -> None:
        self.hashes = {entry for entry in entries if _SHA256.fullmatch(entry)}
        self.urls = {entry for entry in entries if "://" in entry}
        self.hosts = {entry.casefold() for entry in entries - self.hashes - self.urls}

    @classmethod
    def read(cls, *files: Path) -> Takedown:
        """The entries of all files. Raises `MissingFileError`, or `DataError` at a line that is no entry."""
        entries = set()
        for file in files:
            try:
                lines = file.read_text(encoding="utf-8").splitlines()
            except OSError as error:
                raise MissingFileError("no such list", where=file, fix="Check the path.") from error
            for number, line in enumerate(lines, 1):
                entry = line.split(" #")[0].strip()
                if not entry or entry.startswith("#"):
                    continue
                if not ("://" in entry or _SHA256.fullmatch(entry) or _HOST.fullmatch(entry)):
                    fix = "Write an address, a host, or a sha256."
                    raise DataError(
                        f"no entry of a takedown list: {entry[:80]!r}", where=f"{file}, line {number}", fix=fix
                    )
                entries.add(entry)
        return cls(entries)

    def names(self, url: str) -> bool:
        """Whether an address is on the list, or its host, or one above it."""
        try:
            host = (urlsplit(url).hostname or "").casefold()
        except ValueError:
            return False
        return url in self.urls or any(host == name or host.endswith(f".{name}") for name in self.hosts)

    def remove(self, folder: Path, ledger: Ledger) -> int:
        """Remove the pictures that are here and on the list; returns how many entries of the ledger that were."""
        here = list(ledger.fetched())
        gone = self.hashes | {entry.sha256 for entry in here if self.names(entry.url)}
        removed = [entry for entry in here if entry.sha256 in gone]
        for entry in removed:
            for file in (entry.original, entry.file):
                (folder / file).unlink(missing_ok=True)
        ledger.put(Entry(key=entry.key, url=entry.url, sha256=entry.sha256, reason=REASON) for entry in removed)
        return len(removed)
