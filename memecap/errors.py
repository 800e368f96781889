"""Everything memecap raises on purpose: what happened, where, and how to put it right.

    MemecapError            exit 1
    ├── UsageError               2   a flag, a key or a name that does not exist or does not fit
    │   ├── ConfigError          2   a YAML file or an override
    │   └── UnknownPartError     2   no such captioner, encoder, corpus …
    ├── DataError               65   a file is there, its content is not what it should be
    ├── ServiceError            69   a service or a program cannot be reached, or refuses for good
    ├── StorageError            74   reading or writing a file failed
    │   └── MissingFileError    74   a named file or folder is not there
    ├── TryLaterError           75   stopped half-way with the state saved: run the same command again
    └── AuthError               77   a token is missing, expired, or of the wrong kind

The numbers are those of BSD's sysexits.h; the shell commands end with them.
"""

from __future__ import annotations

from pathlib import Path

#: what a shell command ends with, and what that means; `memecap --help` says it
EXIT_CODES = {
    0: "all is done",
    1: "some items failed, the rest is done",
    2: "a flag, key or name that does not fit",
    65: "a file's content is not as it should be",
    69: "a service or program is not to be had",
    74: "reading or writing a file failed",
    75: "stopped half-way, the same command goes on",
    77: "a token is missing or refused",
    130: "interrupted (143: terminated)",
}


class MemecapError(Exception):
    """The root. `what` happened, `where` (a file, key, URL, row), and `fix`: what the user can do."""

    exit_code = 1

    def __init__(self, what: str, *, where: str | Path | None = None, fix: str | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.where = None if where is None else str(where)
        self.fix = fix

    def __str__(self) -> str:
        parts = [self.what]
        if self.where:
            parts.append(f"  where: {self.where}")
        if self.fix:
            parts.append(f"  fix:   {self.fix}")
        return "\n".join(parts)


class UsageError(MemecapError):
    exit_code = 2


class ConfigError(UsageError):
    """A configuration file or an override cannot be used."""


class UnknownPartError(UsageError):
    """No part of that name in its family."""


class DataError(MemecapError):
    exit_code = 65


class ServiceError(MemecapError):
    exit_code = 69


class StorageError(MemecapError):
    exit_code = 74


class MissingFileError(StorageError):
    """A file or folder that was named does not exist."""


class TryLaterError(MemecapError):
    exit_code = 75


class AuthError(MemecapError):
    exit_code = 77
