"""Archives of pictures that were sent, and of captions that are taken home; nothing is ever unpacked to a disk.

An archive of strangers may lie: the sizes in its directory are not believed, its members are counted and measured as
they are read, and names that lead anywhere are refused, each with its code, while the other members are captioned.
"""

from __future__ import annotations

import csv
import io
import json
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import IO, Any

from memecap.core.separated import harmless
from memecap.text.clean import clean
from memecap.web.refusals import Refused
from memecap.web.settings import Limits

_END, _END_SIZE, _COMMENT = b"PK\x05\x06", 22, 65535  # the record at an archive's end, and what may follow it
_DIRECTORY = 2_000_000  # bytes of an archive's directory: some thousand names
_BAD = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, KeyError, NotImplementedError, struct.error)
# (NotImplementedError is zipfile's word for a compression or an encryption that it does not know.)
_WEIRD = re.compile(r'[\\/:*?"<>|\s]+')


def is_archive(head: bytes) -> bool:
    """Whether a file that begins so is a zip; an empty one begins with its end."""
    return head[:4] in (b"PK\x03\x04", _END)


def members(file: IO[bytes], limits: Limits) -> Iterator[tuple[str, bytes | Refused]]:
    """Each file of an archive with its name, or why it is not taken; raises `Refused` where the archive is none."""
    _check_directory(file)
    try:
        archive = zipfile.ZipFile(file)
        entries = [entry for entry in archive.infolist() if not _is_left_out(entry)]
    except _BAD as error:
        raise Refused("broken_archive", type(error).__name__) from error
    if len(entries) > limits.batch_pictures:
        raise Refused("too_many_pictures", f"{len(entries):,} are more than {limits.batch_pictures:,}")
    left = limits.batch_bytes
    for entry in entries:
        found = _read(archive, entry, min(left, limits.picture_bytes))
        left -= len(found) if isinstance(found, bytes) else limits.picture_bytes * (found.code == "too_many_bytes")
        if left <= 0:
            raise Refused("archive_too_large", f"more than {limits.batch_bytes:,} bytes unpacked")
        yield entry.filename, found


def _check_directory(file: IO[bytes]) -> None:
    """The directory is read whole by `zipfile`: its size is looked at first."""
    size = file.seek(0, io.SEEK_END)
    file.seek(max(0, size - _END_SIZE - _COMMENT))
    tail = file.read()
    place = tail.rfind(_END)
    if place < 0 or len(tail) - place < _END_SIZE:
        raise Refused("broken_archive", "no end of the archive")
    (directory,) = struct.unpack_from("<L", tail, place + 12)
    if directory > _DIRECTORY:
        raise Refused("archive_too_large", "its directory alone is too large")
    file.seek(0)


def _is_left_out(entry: zipfile.ZipInfo) -> bool:
    """Folders, hidden files and what macOS adds are no pictures that anybody meant."""
    parts = PurePosixPath(entry.filename).parts
    hidden = bool(parts) and parts[-1].startswith(".") and not leads_elsewhere(entry.filename)
    return entry.is_dir() or "__MACOSX" in parts or hidden


def _read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, limit: int) -> bytes | Refused:
    if leads_elsewhere(entry.orig_filename) or leads_elsewhere(entry.filename) or _is_link(entry):
        return Refused("unsafe_name", "a name that leads out of the archive")
    if entry.flag_bits & 0x1:
        return Refused("encrypted", "it wants a password")
    try:
        with archive.open(entry) as member:
            content = member.read(limit + 1)
    except (*_BAD, RuntimeError) as error:
        return Refused("broken_archive", type(error).__name__)
    if len(content) > limit:
        return Refused("too_many_bytes", f"more than {limit:,}")
    return content or Refused("no_picture", "the file is empty")


def leads_elsewhere(name: str) -> bool:
    """Whether a name is absolute, climbs, or holds what no name of a file holds."""
    parts = re.split(r"[\\/]", name)
    return name.startswith(("/", "\\")) or ".." in parts or bool(re.match(r"[A-Za-z]:", name)) or "\0" in name


def _is_link(entry: zipfile.ZipInfo) -> bool:
    kind = stat.S_IFMT(entry.external_attr >> 16)
    return kind not in (0, stat.S_IFREG)


def pack(records: Sequence[Mapping[str, Any]]) -> bytes:
    """Captions as one zip: a txt a picture, captions.csv, captions.jsonl.

    A record is {file, caption, and what else is known: quotes, model, error …}.
    """
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        taken: set[str] = set()
        for number, record in enumerate(records, 1):
            if caption := record.get("caption"):
                archive.writestr(f"txt/{_own_name(str(record.get('file', '')), number, taken)}.txt", f"{caption}\n")
        archive.writestr("captions.csv", "\ufeff" + table(records))  # the mark tells spreadsheets that it is UTF-8
        archive.writestr("captions.jsonl", "".join(f"{line(record)}\n" for record in records))
    return content.getvalue()


def table(records: Sequence[Mapping[str, Any]]) -> str:
    """CSV with a header, as `memecap caption --csv` writes it."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["file", "caption", "quotes", "model", "error"])
    for record in records:
        quotes = " | ".join(str(quote.get("text", "")) for quote in record.get("quotes") or ())
        error = (record.get("error") or {}).get("code", "")
        cells = [record.get("file", ""), record.get("caption") or "", quotes, record.get("model") or "", error]
        rows.writerow([harmless(clean(str(cell))) for cell in cells])
    return text.getvalue()


def line(record: Mapping[str, Any]) -> str:
    """One record as a line of JSON that UTF-8 can hold."""
    text = json.dumps(record, ensure_ascii=False)
    return text if text.isprintable() else json.dumps(record)


def _own_name(name: str, number: int, taken: set[str]) -> str:
    """A name for a file of ours: the last part of the picture's, without what leads anywhere, each once."""
    stem = _WEIRD.sub("_", PurePosixPath(clean(name).replace("\\", "/")).stem).strip("._")[:80] or f"picture-{number}"
    own = stem
    while own.casefold() in taken:
        own = f"{own}-{number}"
    taken.add(own.casefold())
    return own
