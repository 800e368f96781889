"""Paths that were named to be scored → systems, or tables that were made before.

In: files of captions, folders of `memecap evaluate`, tables (`scores.json`). Out: `System`s with names of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from memecap.errors import UsageError
from memecap.scoring.compare import CAPTIONER, System, read_systems, training_captions
from memecap.scoring.predictions import Prediction

COLUMNS = ("caption", "references", "image_id")


def are_tables(paths: Sequence[Path]) -> bool:
    """Whether they are tables that only need printing. Raises `UsageError` where tables and captions mix."""
    ready = [path for path in paths if path.name.startswith("scores") and path.suffix == ".json"]
    if ready and len(ready) < len(paths):
        fix = "Give captions only, or tables only."
        raise UsageError("tables and captions do not mix", where=str(ready[0]), fix=fix)
    return bool(ready)


def named_columns(words: Sequence[str]) -> dict[str, str]:
    """Our names of columns → a file's, from words `ours=theirs`. Raises `UsageError`."""
    named = {}
    for ours, _, theirs in (word.partition("=") for word in words):
        if ours not in COLUMNS or not theirs:
            fix = "Write caption=NAME, references=NAME or image_id=NAME."
            raise UsageError("a column is named OURS=YOURS", where=f"--column {ours}", fix=fix)
        named[ours] = theirs
    return named


def separator(word: str) -> str:
    """What stands between cells, from what can be typed in a shell."""
    return "\t" if word in ("tab", "\\t") else word


def first(limit: int | None, systems: list[System]) -> list[System]:
    """The systems with only those pictures that the first of them has in its first so many rows; all when None."""
    if limit is None or not systems:
        return systems
    kept = {row.image_id for row in systems[0].rows[:limit]}
    return [replace(system, rows=[row for row in system.rows if row.image_id in kept]) for system in systems]


def open_systems(
    paths: Sequence[Path], read: Callable[[Path], list[Prediction]], images: Path | None = None
) -> list[System]:
    """The systems of files and folders; of two with one name the second is called by its folder too."""
    systems: list[System] = []
    for path in paths:
        found = read_systems(path) if path.is_dir() else [System(path.stem, CAPTIONER, read(path), images)]
        taken = {system.name for system in systems}
        for system in found:
            name = f"{path.parent.name}/{system.name}" if system.name in taken else system.name
            while name in taken:
                name += "+"
            taken.add(name)
            systems.append(replace(system, name=name))
    return systems


def known_captions(paths: Sequence[Path]) -> list[str] | None:
    """The training captions of the first folder that names a corpus which is there."""
    return next((known for path in paths if path.is_dir() and (known := training_captions(path))), None)
