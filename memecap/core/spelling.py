"""A name that is not known → the known one that was meant, for the error that names it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from memecap.errors import UsageError


def meant(name: str, known: Iterable[str]) -> str:
    """`did you mean 'beam'? `, or nothing where no known name is close."""
    names = {each.casefold(): each for each in known}
    close = difflib.get_close_matches(name.casefold(), names, n=1)
    return f"did you mean {names[close[0]]!r}? " if close else ""


def choose(name: str, known: Iterable[str], what: str, *, where: str) -> str:
    """The name, where it is known. Raises `UsageError` with the names there are."""
    names = list(known)
    if name not in names:
        fix = f"{meant(name, names)}There are: {', '.join(names)}."
        raise UsageError(f"no {what} named {name!r}", where=where, fix=fix)
    return name
