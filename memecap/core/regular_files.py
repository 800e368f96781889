"""Regular files only: what would wait or act when it is opened (a FIFO, a device, a socket, a folder) is refused."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import IO


class IrregularFileError(OSError):
    """A FIFO, a device or a socket where a file was expected."""


def open_regular(path: Path) -> IO[bytes]:
    """Open a file for reading in bytes. Raises `OSError`, whose `strerror` says why, where it is none to be read."""
    _refuse_irregular(path.stat(), path)  # before it is opened: opening alone makes some devices act
    file = open(path, "rb", opener=lambda name, flags: os.open(name, flags | getattr(os, "O_NONBLOCK", 0)))  # noqa: SIM115
    try:
        _refuse_irregular(os.fstat(file.fileno()), path)  # it may have been changed in between
    except OSError:
        file.close()
        raise
    return file


def _refuse_irregular(facts: os.stat_result, path: Path) -> None:
    if stat.S_ISDIR(facts.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(facts.st_mode):
        raise IrregularFileError(errno.EINVAL, "not a regular file", str(path))


def is_regular(path: Path) -> bool:
    """Whether a file stands there itself, not a link to one."""
    try:
        return stat.S_ISREG(os.lstat(path).st_mode)
    except OSError:
        return False
