"""memecap demo: the whole road on painted memes, without a download; a tutorial that runs."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import Annotated

import typer

from memecap.cli import app, options
from memecap.cli.dry_run import planned
from memecap.cli.output import emit


@app.command(epilog="Example: memecap demo --out output/demo")
def demo(
    out: Annotated[
        Path, typer.Option(help="folder of report.html, scores.json and all that is made on the way")
    ] = Path("output/demo"),
    memes: Annotated[
        int | None,
        typer.Option(min=20, help="paint so many memes and photographs; fewer are sooner done and teach less"),
    ] = None,
    dry_run: options.DryRun = False,
    as_json: options.Json = False,
) -> None:
    """Scrape, build, translate, read, train, evaluate and caption painted memes: each command is printed as it runs.

    It needs no network and no GPU, and takes a few minutes on two cores. Stopped, the same command goes on.
    """
    from memecap.demo.road import Road

    road = Road(out) if memes is None else Road(out, n_memes=memes, n_photographs=memes)
    if dry_run:
        raise planned("demo", writes=[out], n=road.n_memes + road.n_photographs, as_json=as_json)
    if as_json:  # what the commands print on the way is no data here
        with redirect_stdout(sys.stderr):
            road.walk()
        emit({"report": str(out / "report.html"), "folder": str(out)})
    else:
        road.walk()
