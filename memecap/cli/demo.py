"""memecap demo: the whole road on painted memes, without a download; a tutorial that runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from memecap.cli import app


@app.command(epilog="Example: memecap demo --out output/demo")
def demo(
    out: Annotated[
        Path, typer.Option(help="folder of report.html, scores.json and all that is made on the way")
    ] = Path("output/demo"),
    memes: Annotated[
        int | None,
        typer.Option(min=20, help="paint so many memes and photographs; fewer are sooner done and teach less"),
    ] = None,
) -> None:
    """Scrape, build, translate, read, train, evaluate and caption painted memes: each command is printed as it runs.

    It needs no network and no GPU, and takes a few minutes on two cores. Stopped, the same command goes on.
    """
    from memecap.demo.road import Road

    if memes is None:
        Road(out).walk()
    else:
        Road(out, n_memes=memes, n_photographs=memes).walk()
