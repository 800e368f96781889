"""A list of addresses → their pictures in a folder, with a table of what became of each.

In: a file of addresses, a line each, or a table with a column of them. Out, beside what `download` leaves:
`pictures.jsonl` (an address a line: its file, or why there is none) and `failed.txt`, what may be had later.
"""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from memecap.core import storage
from memecap.errors import DataError, MissingFileError
from memecap.scraping.download import DownloadConfig, download
from memecap.scraping.ledger import Entry, open_ledger
from memecap.scraping.takedown import NAME, REASON, Takedown

PICTURES, FAILED = "pictures.jsonl", "failed.txt"
_TABLES = {".csv": ",", ".tsv": "\t"}
FOR_GOOD = frozenset({"gone", "opted_out", REASON, "bad_url", "not_public"})  # asking again changes nothing


@dataclass(frozen=True, slots=True)
class Fetched:
    """What became of a list."""

    n_listed: int
    n_new: int
    n_here: int  # of the list, those of earlier runs included
    n_removed: int  # taken down now
    reasons: dict[str, int]  # of what is not here, by reason


def addresses(file: Path, column: str = "url") -> list[str]:
    """The addresses of a file, each once: text with one a line, or .csv, .tsv, .jsonl with a column of them.

    Raises `MissingFileError`, or `DataError` where the table has no such column.
    """
    try:
        found = list(_table(file, column) if file.suffix in (*_TABLES, ".jsonl") else _lines(file))
    except OSError as error:
        raise MissingFileError("no such list", where=file, fix="Check the path.") from error
    except UnicodeDecodeError as error:
        raise DataError("not a file of UTF-8 text", where=file, fix="Write an address a line.") from error
    return list(dict.fromkeys(filter(None, (address.strip() for address in found))))


def fetch_all(
    urls: list[str], out: Path, config: DownloadConfig, *, takedown: Path | None = None, retry_failed: bool = True
) -> Fetched:
    """Fetch what is not here yet, and remove what is taken down; a stopped run goes on with the same call.

    Args:
        takedown: a list of what is not wanted; `takedown.txt` in `out` is obeyed, too.
        retry_failed: ask again for what failed before and may have come back.

    Raises: as `download`, and `Takedown.read`.
    """
    storage.check_writable(out)
    lists = [file for file in (out / NAME,) if file.exists()] + ([takedown] if takedown else [])
    unwanted = Takedown.read(*lists)
    with open_ledger(out) as ledger:
        n_removed = unwanted.remove(out, ledger)
        known = {entry.key: entry for entry in ledger.entries()}
        before = {key for key, entry in known.items() if not entry.reason}
        refused = [url for url in urls if unwanted.names(url)]
        ledger.put(Entry(key=url, url=url, reason=REASON) for url in refused)
    wanted = [url for url in urls if not unwanted.names(url) and _is_wanted(known.get(url), retry_failed)]
    download([(url, url) for url in wanted], out, config)
    with open_ledger(out) as ledger:
        n_removed += unwanted.remove(out, ledger)  # a hash is known only once a picture is here
        entries = {entry.key: entry for entry in ledger.entries()}
    return _told(out, [entries[url] for url in urls if url in entries], before, n_removed)


def _told(out: Path, listed: list[Entry], before: set[str], n_removed: int) -> Fetched:
    """Write the tables of a list's entries, and count them; `before`: the keys of what was here at the start."""
    _write(out, listed)
    reasons = Counter(entry.reason for entry in listed if entry.reason)
    here = [entry for entry in listed if not entry.reason]
    return Fetched(len(listed), sum(entry.key not in before for entry in here), len(here), n_removed, dict(reasons))


def _is_wanted(known: Entry | None, retry_failed: bool) -> bool:
    if known is None or not known.reason:
        return True  # `download` sees what is whole
    return retry_failed and known.reason not in FOR_GOOD


def _write(out: Path, entries: list[Entry]) -> None:
    records = (
        {"url": entry.url, "file": entry.file or None, "sha256": entry.sha256 or None, "width": entry.width or None,
         "height": entry.height or None, "reason": entry.reason or None, "detail": entry.detail or None}
        for entry in entries
    )  # fmt: skip
    storage.write_jsonl(out / PICTURES, records)
    again = [entry.url for entry in entries if entry.reason and entry.reason not in FOR_GOOD]
    storage.write_text(out / FAILED, "".join(f"{url}\n" for url in again))


def _lines(file: Path) -> Iterator[str]:
    for line in file.read_text(encoding="utf-8-sig").splitlines():
        if not line.lstrip().startswith("#"):
            yield line


def _table(file: Path, column: str) -> Iterator[str]:
    with file.open(encoding="utf-8-sig", newline="") as lines:
        for number, record in enumerate(_records(file, lines), 1):
            if not isinstance(record, dict) or not isinstance(record.get(column), str):
                fix = "Name the column of addresses with --column."
                raise DataError(f"no address under {column!r}", where=f"{file}, row {number}", fix=fix)
            yield record[column]


def _records(file: Path, lines: Iterator[str]) -> Iterator[object]:
    if file.suffix in _TABLES:
        yield from csv.DictReader(lines, delimiter=_TABLES[file.suffix])
        return
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                yield json.loads(line)
            except ValueError as error:
                raise DataError("not JSON", where=f"{file}, line {number}", fix="One object a line.") from error
