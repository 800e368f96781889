"""memecap evaluate: caption a split, score it beside floors, and write the report."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from memecap.cli import app, options
from memecap.cli.dry_run import planned
from memecap.cli.output import emit
from memecap.core import manifest

_EXAMPLE = "Example: memecap evaluate output/memes_read data/corpora/memes --split val --out output/memes_read/val"


Reader = Annotated[
    str,
    typer.Option(
        help="stored: the newest readings of `memecap read`; a name of `memecap parts reading`: it reads what it has "
        "not read before; none: nothing is told"
    ),
]
Beside = Annotated[
    list[Path] | None, typer.Option(help="an evaluation of another model on the same rows, for the report")
]


@app.command(epilog=_EXAMPLE)
def evaluate(
    model: options.Model,
    corpus: options.Corpus,
    out: Annotated[Path, typer.Option("--out", "-o", help="folder for captions.jsonl, scores.json and report.html")],
    split: Annotated[str, typer.Option(help="split to caption")] = "val",
    revision: options.Revision = None,
    reader: Reader = "stored",
    reader_settings: options.ReaderSettings = None,
    memory: options.MemoryFolder = None,
    decoding: options.Decoding = None,
    settings: options.DecodingSettings = None,
    rank: options.Rank = None,
    judge: options.Judge = None,
    precision: options.PrecisionName = "fp32",
    style: options.StyleName = "plain",
    batch_size: options.BatchSize = 16,
    limit: Annotated[int | None, typer.Option(min=2, help="only so many rows, drawn with the seed")] = None,
    resamples: options.Resamples = 1000,
    seed: Annotated[int, typer.Option(help="seed of floors, drawn rows and bootstrap")] = 0,
    device: options.Device = None,
    on: options.Place = "here",
    trust_code: options.TrustCode = False,
    report: Annotated[bool, typer.Option(help="also write report.html")] = True,
    language: options.Language = "ru",
    beside: Beside = None,
    dry_run: options.DryRun = False,
    as_json: Annotated[bool, typer.Option("--json", help="the records of scores.json, a line a system")] = False,
) -> None:
    """Caption a split with a model and with floors, score all of them, and write a report. Stopped, it goes on.

    Floors: random and constant captions, the template, its quotes after such scenes, a memory, shuffled pictures.
    """
    from memecap.evaluation import evaluate as evaluation
    from memecap.inference import precision as precisions
    from memecap.inference import ranking, styles

    if dry_run:
        raise _planned(model, corpus, split, limit, out, as_json)
    records = evaluation.evaluate(
        options.pinned(model, revision),
        corpus,
        out,
        split=split,
        reader=options.reader_settings(reader, reader_settings),
        memory=memory,
        decoding=options.search(decoding, settings),
        ranking=ranking.choose(rank or (), judge),
        precision=precisions.choose(precision),
        style=styles.choose(style),
        batch_size=batch_size,
        limit=limit,
        resamples=resamples,
        seed=seed,
        device=device,
        trust_code=trust_code,
        on=on,
    )
    if report:
        _write_report(out, beside or (), language)
    _print(records, as_json)


def _planned(model: str, corpus: Path, split: str, limit: int | None, out: Path, as_json: bool) -> typer.Exit:
    n = manifest.open_corpus(corpus).limited(limit).counts.get(split, 0)
    return planned("evaluate", reads=[model, corpus], writes=[out], n=n, of=f"rows of {split}", as_json=as_json)


def _print(records: Sequence[dict[str, Any]], as_json: bool) -> None:
    from memecap.scoring import tables

    for record in records if as_json else ():
        emit(record)
    if not as_json:
        typer.echo(tables.render(records))


def _write_report(out: Path, others: Sequence[Path], language: str) -> None:
    from memecap.core import progress
    from memecap.report.evaluation import write_report

    progress.say(f"report: {write_report(out, others=others, language=language)}")
