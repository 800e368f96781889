"""memecap verify: whether corpora, memories, checkpoints, runs and evaluations are still what was written."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from memecap.cli import app, options
from memecap.cli.output import tell
from memecap.core.progress import say

NAMED = 20  # files that are named of each kind; the rest is counted


@app.command(epilog="Example: memecap verify data/corpora/memes data/memory output/memes_read")
def verify(
    folders: Annotated[list[Path], typer.Argument(help="folders of anything that memecap writes, or of several")],
    as_json: options.Json = False,
) -> None:
    """Compare every file with the checksum that was written with it. Exit code 65 when one has changed or is gone."""
    from memecap.core.verify import verify as compare

    found = compare(folders)
    for what, names in (("changed", found.faults), ("without a checksum", found.unchecked)):
        for name in names[:NAMED]:
            say(f"{what}: {name}")
        if len(names) > NAMED:
            say(f"{what}: and {len(names) - NAMED:,} more")
    text = (
        f"{found.compared:,} files compared, {len(found.faults):,} changed, {len(found.unchecked):,} without a checksum"
    )
    tell(asdict(found), text, as_json)
    if found.faults:
        raise typer.Exit(65)
