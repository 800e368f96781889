"""The only place that touches the disk dangerously: atomic writing, the lock of an output folder, checksums.

A file written here either has its whole content or does not exist; a reader never sees half of it.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from memecap.errors import DataError, MissingFileError, StorageError, TryLaterError

_PART = re.compile(r"\..+\.\d+\.part", re.DOTALL)  # what `atomic_writer` calls its temporary files
#: what a full disk says: the system's numbers, and the sentences of safetensors and SQLite, which keep no number
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_SAID_FULL = ("No space left on device", "Disk quota exceeded", "database or disk is full")
#: what a disk, its mount or its rights say, not a programme's mistake
_OF_DISK = _FULL | {errno.EIO, errno.EROFS, errno.EFBIG, errno.EACCES, errno.EPERM, errno.EMFILE, errno.ESTALE}
_SAID_OF_DISK = ("disk I/O error", "readonly database", "unable to open database file", "database is locked")

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode  # made once, not once a line


def cache_folder() -> Path:
    """What outlives one output folder lies here: `$MEMECAP_CACHE`, else `memecap` in the user's cache folder."""
    if folder := os.environ.get("MEMECAP_CACHE"):
        return Path(folder)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "memecap"


@contextmanager
def atomic_writer(path: Path, mode: str = "w", *, durable: bool = True) -> Iterator[IO[Any]]:
    """Open a temporary file beside `path`; when the block ends well it replaces `path`, otherwise it is removed.

    A durable file outlives a power cut; leave that out (it waits for the disk) for many files that can be checked.
    Raises `StorageError` where the folder cannot be written, or the disk is full.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    text = {} if "b" in mode else {"encoding": "utf-8", "newline": "\n"}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open(mode, **text) as file:  # type: ignore[call-overload]
            yield file
            if durable:
                file.flush()
                os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        if error.filename and Path(error.filename) not in (temporary, path, path.parent):
            raise  # the block stumbled over a file of its own
        raise unwritable(error, path) from error
    finally:
        with suppress(OSError):  # of a block that ended well it has gone already
            temporary.unlink()


def write_bytes(path: Path, content: bytes, *, durable: bool = True) -> None:
    """Write a whole file atomically."""
    with atomic_writer(path, "wb", durable=durable) as file:
        file.write(content)


def link(source: Path, target: Path, *, durable: bool = True) -> None:
    """The same bytes under another name: a hard link, or a copy where the disk has none; a file there stays."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        os.link(source, target)
    except OSError:
        if not os.path.lexists(target):
            write_bytes(target, source.read_bytes(), durable=durable)


def fsync() -> None:
    """Wait until the disk has everything written so far, the files that were not durable included."""
    if hasattr(os, "sync"):  # not on Windows
        os.sync()


def write_text(path: Path, content: str) -> None:
    """Write a whole UTF-8 file atomically."""
    write_bytes(path, content.encode())


def write_json(path: Path, value: Any) -> None:
    """Write one JSON value, indented, atomically."""
    write_text(path, to_json(value))


def to_json(value: Any) -> str:
    """One JSON value as the content of a file."""
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


def to_line(record: Any) -> str:
    """One JSON value as the line of a JSON-lines file."""
    line = _encode(record) + "\n"
    try:
        line.encode()
    except UnicodeEncodeError:  # half of an emoji, which UTF-8 cannot hold
        return json.dumps(record, separators=(",", ":")) + "\n"
    return line


def write_jsonl(path: Path, records: Iterable[Any]) -> int:
    """Write one JSON value a line, atomically; returns how many."""
    count = 0
    with atomic_writer(path) as file:
        for record in records:
            file.write(to_line(record))
            count += 1
    return count


def append_line(path: Path, record: Any) -> None:
    """Add a record to a JSON-lines file, on a line of its own also where the last one was left without its end."""
    try:
        with path.open("ab+") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - 1))
            file.write(b"\n" * (size > 0 and file.read(1) != b"\n") + to_line(record).encode())
    except OSError as error:
        raise unwritable(error, path) from error


def read_json(path: Path) -> Any:
    """One JSON value. Raises `MissingFileError` or `DataError`."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise _unreadable(path, error) from error
    except (ValueError, RecursionError) as error:  # not UTF-8, a number of 5,000 digits, a thousand brackets
        raise DataError(f"not JSON: {error}", where=path, fix="Make the file again.") from error


def read_jsonl(path: Path) -> Iterator[Any]:
    """The JSON values of a file, a line each; a bad line is named by its number in a `DataError`."""
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                try:
                    yield json.loads(line)
                except (ValueError, RecursionError) as error:
                    fix, what = "Correct or remove the line.", getattr(error, "msg", error)
                    raise DataError(f"not JSON: {what}", where=f"{path}, line {number}", fix=fix) from error
    except OSError as error:
        raise _unreadable(path, error) from error
    except UnicodeDecodeError as error:
        raise DataError("not UTF-8", where=path, fix="Save the file as UTF-8.") from error


def cut_torn_line(path: Path) -> None:
    """Cut off the last line of a file of lines where a stopped run left it unfinished; no file is as good as none."""
    if not path.exists():
        return
    with path.open("rb+") as file:
        if not (size := file.seek(0, os.SEEK_END)) or (file.seek(-1, os.SEEK_END) and file.read(1) == b"\n"):
            return
        file.seek(0)
        file.truncate(file.read(size).rfind(b"\n") + 1)


@contextmanager
def lock(folder: Path) -> Iterator[None]:
    """Hold an output folder; the lock falls with this process, also when it is killed. Raises `TryLaterError`."""
    from filelock import FileLock, Timeout  # brings asyncio: not for who locks nothing

    try:
        folder.mkdir(parents=True, exist_ok=True)
        held = FileLock(folder / ".lock")
        held.acquire(timeout=0)
    except Timeout as error:
        fix = "Wait for it, or choose another output folder."
        raise TryLaterError("another process is writing there", where=folder, fix=fix) from error
    except OSError as error:
        raise unwritable(error, folder) from error
    try:
        yield
    finally:
        held.release()


def sweep(folder: Path) -> None:
    """Remove the unfinished files that killed writers left below a folder, by our names of them; hold its lock."""
    for path in folder.rglob(".*.part"):
        if _PART.fullmatch(path.name) and path.is_file() and not path.is_symlink():
            path.unlink(missing_ok=True)


def sha256_bytes(content: bytes) -> str:
    """The SHA-256 of some bytes, as 64 hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def sha256_file(path: Path) -> str:
    """The SHA-256 of a file's content, as 64 hexadecimal digits."""
    try:
        with path.open("rb") as file:
            digest = hashlib.sha256()
            while block := file.read(1 << 20):
                digest.update(block)
            return digest.hexdigest()
    except OSError as error:
        raise _unreadable(path, error) from error


def is_full(error: Exception) -> bool:
    """Whether the disk, or the user's share of it, has no space left."""
    return getattr(error, "errno", None) in _FULL or any(said in str(error) for said in _SAID_FULL)


def is_of_disk(error: Exception) -> bool:
    """Whether a disk has failed: full, read-only, broken, out of rights or handles."""
    said = _SAID_OF_DISK if isinstance(error, sqlite3.OperationalError) else ()
    return is_full(error) or getattr(error, "errno", None) in _OF_DISK or any(part in str(error) for part in said)


def unwritable(error: Exception, where: str | Path | None, *, fix: str | None = None) -> StorageError:
    """What a failed write is called; `fix` is for failures that no space would mend."""
    if is_full(error):
        what, fix = "no space left on device", "Free some space, then run the same command again."
    else:
        what = f"cannot write: {getattr(error, 'strerror', None) or error}"
        fix = fix or "Check the path and the folder's permissions."
    return StorageError(what, where=where, fix=fix)


def check_writable(folder: Path) -> None:
    """Make a folder and try it, before work whose result goes there. Raises `StorageError`."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise unwritable(error, folder) from error


def _unreadable(path: Path, error: OSError) -> StorageError:
    if isinstance(error, FileNotFoundError):
        return MissingFileError("no such file", where=path, fix="Check the path.")
    fix = "Check the path and its permissions."
    return StorageError(f"cannot read: {error.strerror or error}", where=path, fix=fix)
