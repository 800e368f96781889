"""File name → part: `captioners/clipcap.py` is the captioner `clipcap`, and nothing lists it anywhere else.

A family is a folder of the package with a `base.py` that defines its abstract class. A part is a module of that folder
whose name does not begin with `_`; it defines exactly one public subclass of the abstract class, and that class carries
its own `Config`. A dotted path (`my_package.my_module`) reaches a part outside the package. Listing the parts of a
family imports none of them.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import inspect
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from types import ModuleType
from typing import Any

from memecap.core.spelling import meant
from memecap.errors import UnknownPartError, UsageError

#: family (a folder of the package) → its abstract class (in the folder's base.py)
FAMILIES = {
    "captioners": "Captioner",
    "corpora": "Source",
    "decoding": "Search",
    "encoders": "ImageEncoder",
    "metrics": "Metric",
    "reading": "Reader",
    "translation": "Translator",
}

#: dotted names that may be imported; None: all of them, for they come from the user
_trusted: ContextVar[Collection[str] | None] = ContextVar("trusted", default=None)


@contextmanager
def trusting(names: Collection[str] | bool) -> Iterator[None]:
    """Within the block, where names come from somebody's file, only these dotted ones are imported (True: any)."""
    token = _trusted.set(_trusted.get() if names is True else names or ())
    try:
        yield
    finally:
        _trusted.reset(token)


def names(family: str) -> list[str]:
    """The names of the parts of a family, sorted."""
    return sorted(
        path.stem for path in _folder(family).glob("*.py") if not path.stem.startswith("_") and path.stem != "base"
    )


def summary(family: str, name: str) -> str:
    """The first line of a part's module docstring, read without importing the module."""
    tree = ast.parse((_folder(family) / f"{name}.py").read_text(encoding="utf-8"))
    return (ast.get_docstring(tree) or "").split("\n", 1)[0]


def load(family: str, name: str) -> Any:
    """The class of a part. Raises `UnknownPartError` with the names there are."""
    folder = _folder(family)
    base = getattr(importlib.import_module(f"memecap.{family}.base"), FAMILIES[family])
    if "." in name.strip("."):
        return _only_part(_import_foreign(family, name), base)
    if name not in names(family):
        there = f"There are: {', '.join(names(family))}; or a dotted path to a module of yours."
        fix = meant(name, names(family)) + there
        raise UnknownPartError(f"no part named {name!r} in {family}", where=folder.name, fix=fix)
    return _only_part(importlib.import_module(f"memecap.{family}.{name}"), base)


def _folder(family: str) -> Path:
    if family not in FAMILIES:
        fix = f"{meant(family, FAMILIES)}There are: {', '.join(FAMILIES)}."
        raise UnknownPartError(f"no family named {family!r}", where="memecap parts", fix=fix)
    return Path(__file__).parents[1] / family


def _import_foreign(family: str, name: str) -> ModuleType:
    trusted = _trusted.get()
    if trusted is not None and name not in trusted:
        what = f"it names a part outside memecap, {name!r}, and importing it would run that code"
        fix = "Look at the code; if you trust it, add --trust-code (in Python: trust_code=True)."
        raise UsageError(what, where=f"{family}: {name}", fix=fix)
    try:
        return importlib.import_module(name.strip("."))
    except ModuleNotFoundError as error:
        fix = "Install it, or put its folder on PYTHONPATH."
        raise UnknownPartError(f"no module named {error.name!r}", where=f"{family}: {name}", fix=fix) from error


def _only_part(module: ModuleType, base: type) -> Any:
    found = [
        value
        for value in vars(module).values()
        if inspect.isclass(value)
        and issubclass(value, base)
        and value.__module__ == module.__name__
        and not value.__name__.startswith("_")
    ]
    if len(found) != 1:
        what = f"{module.__name__} should define exactly one public {base.__name__}, not {len(found)}"
        fix = "Keep one part in a file; begin the names of helpers with an underscore."
        raise UnknownPartError(what, where=module.__file__, fix=fix)
    return found[0]
