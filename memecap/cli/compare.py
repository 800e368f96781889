"""memecap compare: what two captioners say of the same pictures, side by side in the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from memecap.cli import app, options, side_by_side
from memecap.cli.output import table_form
from memecap.cli.pictures import check_any, expand, listed
from memecap.core import defaults

_EXAMPLE = "Example: memecap compare template output/memes_read memes/ --limit 20"


@app.command(epilog=_EXAMPLE)
def compare(
    first: Annotated[str, typer.Argument(metavar="MODEL", help="checkpoint or run folder, Hub id, YAML, template")],
    second: Annotated[str, typer.Argument(metavar="MODEL", help="the other one")],
    targets: Annotated[
        list[str] | None, typer.Argument(metavar="PICTURES...", help="pictures, folders, globs, https://…; -")
    ] = None,
    from_file: options.FromFile = None,
    reader: options.ReaderName = defaults.READER,
    reader_settings: options.ReaderSettings = None,
    memory: options.MemoryFolder = None,
    decoding: options.Decoding = None,
    settings: options.DecodingSettings = None,
    precision: options.PrecisionName = "fp32",
    batch_size: options.BatchSize = 16,
    limit: Annotated[int | None, typer.Option(min=1, help="only the first so many pictures")] = None,
    trust_code: options.TrustCode = False,
    device: options.Device = None,
    as_json: options.JsonLines = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="CSV with a header")] = False,
) -> None:
    """Say what two captioners say of the same pictures, with the same reader. Exit code 1 when some pictures failed."""
    form, names = table_form(as_json, as_csv), [*(targets or ()), *listed(from_file)]
    sources: list[Path | bytes | str] = list(expand(names))[:limit]
    check_any(sources, names)
    from memecap.decoding.base import choose
    from memecap.inference import precision as precisions
    from memecap.inference.beside import beside
    from memecap.inference.load import load_captioner

    pipelines = [
        load_captioner(
            model,
            reader=options.reader_settings(reader, reader_settings),
            memory=memory,
            decoding=choose(decoding, settings or ()),
            precision=precisions.choose(precision),
            device=device,
            trust_code=trust_code,
        )
        for model in (first, second)
    ]
    titles = [first, second if second != first else f"{second} (2)"]
    found = beside(pipelines, sources, batch_size=batch_size)
    failed = side_by_side.show(found, sources, titles, form=form, under="models")
    raise typer.Exit(1 if failed else 0)
