"""memecap label: a teacher writes captions for the pictures of a corpus that have none."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from memecap.cli import app, options
from memecap.cli.dry_run import planned
from memecap.cli.output import tell
from memecap.core import manifest

if TYPE_CHECKING:
    from memecap.labelling.label import Summary

_EXAMPLE = "Example: memecap label data/corpora/wild --model configs/serve/qwen3_vl_8b.yaml --out data/corpora/taught"

DropFailed = Annotated[bool, typer.Option(help="be done without the pictures that got no answer")]
Reader = Annotated[
    str, typer.Option(help="stored: the newest readings; a name of `memecap parts reading`: it reads now; none")
]
Thresholds = Annotated[
    list[str] | None, typer.Option(help="a threshold of the gate: min_quoted=0.3, min_read=5; may be given again")
]


@app.command(epilog=_EXAMPLE)
def label(
    corpus: options.Corpus,
    model: Annotated[
        str, typer.Option(help="the teacher: checkpoint or run folder, Hub id, template, or a YAML of configs/serve")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="folder of the corpus that is made")],
    splits: options.Splits = None,
    replace: Annotated[bool, typer.Option(help="describe pictures that have captions, too")] = False,
    reader: Reader = "stored",
    reader_settings: options.ReaderSettings = None,
    decoding: options.Decoding = None,
    settings: options.DecodingSettings = None,
    rank: options.Rank = None,
    judge: options.Judge = None,
    precision: options.PrecisionName = "fp32",
    batch_size: options.BatchSize = 16,
    gate: Thresholds = None,
    drop_failed: DropFailed = False,
    device: options.Device = None,
    on: options.Place = "here",
    trust_code: options.TrustCode = False,
    limit: options.Limit = None,
    dry_run: options.DryRun = False,
    page: Annotated[bool, typer.Option(help="also write labels.html, to look through")] = True,
    as_json: options.Json = False,
) -> None:
    """Write captions for pictures that have none; those that pass a gate become a corpus for training.

    Stopped at any moment, the same command goes on from there. Another threshold of the gate asks the teacher nothing.
    """
    from memecap.core import config
    from memecap.decoding.base import choose
    from memecap.inference import precision as precisions
    from memecap.inference import ranking
    from memecap.labelling.gate import Gate
    from memecap.labelling.label import label as label_corpus

    if dry_run:
        raise _planned(model, corpus, splits, limit, out, as_json)
    summary = label_corpus(
        model,
        corpus,
        out,
        splits=splits,
        limit=limit,
        replace=replace,
        reader=options.reader_settings(reader, reader_settings),
        decoding=choose(decoding, settings or ()),
        ranking=ranking.choose(rank or (), judge),
        precision=precisions.choose(precision),
        device=device,
        batch_size=batch_size,
        gate=config.load(Gate, overrides=gate or ()),
        drop_failed=drop_failed,
        trust_code=trust_code,
        on=on,
    )
    if page:
        _write_page(corpus, out)
    _tell(summary, out, as_json)


def _planned(
    model: str, corpus: Path, splits: list[str] | None, limit: int | None, out: Path, as_json: bool
) -> typer.Exit:
    opened = manifest.open_corpus(corpus).limited(limit)
    n = sum(opened.counts.get(split, 0) for split in splits or opened.counts)
    return planned("label", reads=[model, corpus], writes=[out], n=n, of="rows", as_json=as_json)


def _tell(summary: Summary, out: Path, as_json: bool) -> None:
    rejected = "".join(f"\n  {count} rejected: {reason}" for reason, count in summary.rejected.items())
    rows = f"{sum(summary.counts.values())} rows, {summary.labelled} labelled, {summary.asked} of them now"
    tell({"corpus": str(out), **asdict(summary)}, f"{out}: {rows}{rejected}", as_json)


def _write_page(corpus: Path, out: Path) -> None:
    from memecap.core import progress
    from memecap.report.labels import write_page

    progress.say(f"to look through: {write_page(manifest.open_corpus(corpus), out)}")
