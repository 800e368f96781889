"""What `--dry-run` answers: what a verb would read and write. Its arguments and files have been checked by then."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import typer

from memecap.cli.output import tell


def planned(
    verb: str,
    *,
    reads: Sequence[object] = (),
    writes: Sequence[object] = (),
    n: int | None = None,
    of: str = "pictures",
    as_json: bool = False,
) -> typer.Exit:
    """Tell the plan; returns what ends the verb before it does anything.

    Args:
        writes: files and folders; one that is there is said to be brought up to date.
        n: how many things there are to do, each one `of` them.
    """
    there = {str(place): isinstance(place, Path) and place.exists() for place in writes}
    record = {
        "verb": verb, "dry_run": True, "n": n, "of": of, "reads": [str(place) for place in reads],
        "writes": [{"path": path, "exists": exists} for path, exists in there.items()],
    }  # fmt: skip
    lines = [f"{verb}: nothing is done now"]
    if n is not None:
        lines.append(f"  {n:,} {of}")
    lines += [f"  reads   {place}" for place in reads]
    lines += [
        f"  writes  {path}{' (is there: would be brought up to date)' if is_there else ''}"
        for path, is_there in there.items()
    ]
    tell(record, "\n".join(lines), as_json)
    return typer.Exit(0)
