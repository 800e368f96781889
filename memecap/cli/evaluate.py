"""memecap evaluate: caption a split, score it beside floors, and write the report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from memecap.cli import app
from memecap.cli.output import emit

_EXAMPLE = "Example: memecap evaluate output/memes_read data/corpora/memes --split val --out output/memes_read/val"


@app.command(epilog=_EXAMPLE)
def evaluate(
    model: Annotated[str, typer.Argument(help="checkpoint or run folder, Hub id, or template")],
    corpus: Annotated[Path, typer.Argument(help="corpus folder, its text read already (memecap read)")],
    out: Annotated[Path, typer.Option("--out", "-o", help="folder for captions.jsonl, scores.json and report.html")],
    split: Annotated[str, typer.Option(help="split to caption")] = "val",
    decoding: Annotated[
        str | None, typer.Option(help="greedy, beam, nucleus or mbr; the captioner's own choice when not given")
    ] = None,
    settings: Annotated[list[str] | None, typer.Option("--set", help="decoding setting: key=value")] = None,
    batch_size: Annotated[int, typer.Option(min=1, help="pictures captioned at once")] = 16,
    limit: Annotated[int | None, typer.Option(min=2, help="only so many rows, drawn with the seed")] = None,
    resamples: Annotated[int, typer.Option(min=100, help="bootstrap resamples")] = 1000,
    seed: Annotated[int, typer.Option(help="seed of floors, drawn rows and bootstrap")] = 0,
    device: Annotated[str | None, typer.Option(help="cpu, cuda, …; the best there is when not given")] = None,
    trust_code: Annotated[
        bool, typer.Option("--trust-code", help="import the modules outside memecap that the checkpoint names")
    ] = False,
    report: Annotated[bool, typer.Option(help="also write report.html")] = True,
    beside: Annotated[
        list[Path] | None, typer.Option(help="an evaluation of another model on the same rows, for the report")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="the records of scores.json on stdout, a line a system")
    ] = False,
) -> None:
    """Caption a split with a model and with floors, score all of them, and write captions, scores and a report.

    The floors: a random training caption, the best constant one, the template with what was read, what it quotes after
    the best constant scene and after a random one, and the model with shuffled pictures.

    Stopped half-way, the same command goes on.
    """
    from memecap.core import progress
    from memecap.decoding.base import choose
    from memecap.evaluation import evaluate as evaluation
    from memecap.scoring import tables

    records = evaluation.evaluate(
        model,
        corpus,
        out,
        split=split,
        decoding=choose(decoding, settings or ()),
        batch_size=batch_size,
        limit=limit,
        resamples=resamples,
        seed=seed,
        device=device,
        trust_code=trust_code,
    )
    if report:
        from memecap.report.evaluation import write_report

        progress.say(f"report: {write_report(out, others=beside or ())}")
    if as_json:
        for record in records:
            emit(record)
        return
    typer.echo(tables.render(records))
