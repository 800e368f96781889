"""memecap corpus: build, check, look at and export corpora."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer

from memecap.cli import app, options
from memecap.cli.dry_run import planned
from memecap.cli.everywhere import Verbs
from memecap.cli.output import emit, tell
from memecap.core import storage
from memecap.core.manifest import LEFT_OUT, open_corpus
from memecap.core.progress import complain, say
from memecap.core.spelling import choose
from memecap.errors import UsageError

corpus = Verbs(help="Corpora: pictures with their captions, split by group.", no_args_is_help=True)
app.add_typer(corpus, name="corpus")

NAMED = 10  # items left out that are named; the rest is counted


@corpus.command(epilog="Example: memecap corpus build memes data/raw/memes --out data/corpora/memes --on workers")
def build(
    name: Annotated[str | None, typer.Argument(help="kind of source: a name of `memecap parts corpora`")] = None,
    source: Annotated[Path | None, typer.Argument(help="the source's file or folder")] = None,
    config: Annotated[Path | None, typer.Option("-c", "--config", help="YAML with the kind's settings")] = None,
    out: Annotated[
        Path | None, typer.Option(help="corpus folder; data/corpora/ and the YAML's or the kind's name when not given")
    ] = None,
    settings: Annotated[list[str] | None, typer.Option("--set", help="a setting: val=0.05, images=FOLDER")] = None,
    split_by: Annotated[
        str | None,
        typer.Option(help="what stays on one side: file, group (near-duplicates, the default), picture (by a memory)"),
    ] = None,
    on: options.Place = "here",
    drop_missing: Annotated[
        bool, typer.Option("--drop-missing", help="drop the rows that the source no longer gives, instead of stopping")
    ] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="only the source's first so many items, to try")] = None,
    dry_run: options.DryRun = False,
    as_json: options.Json = False,
) -> None:
    """Make a corpus from a source, or bring it up to date. Exit code 1 when some pictures could not be used.

    A rebuild that would drop rows which stand stops with exit code 65 and changes nothing.
    """
    from memecap.core import registry
    from memecap.corpora.build.build import build as build_corpus

    kind = name or _kind(config)
    named = {"name": name, "source": source, "split_by": split_by}
    given = [f"{key}={json.dumps(str(value))}" for key, value in named.items() if value]
    chosen = options.part_settings("corpora", kind, [*given, *(settings or [])], config)
    folder = out or Path("data/corpora") / (config.stem if config else kind.rpartition(".")[2])
    part = registry.load("corpora", kind)(chosen)
    if dry_run:
        n = sum(1 for _ in islice(part.items(), limit))
        raise planned(
            "corpus build", reads=[chosen.model_dump()["source"]], writes=[folder], n=n, of="items", as_json=as_json
        )
    made = build_corpus(part, folder, on=on, drop_missing=drop_missing, limit=limit)
    _say_left_out(folder)
    _tell_counts(folder, made.counts, as_json, **{key: made.details[key] for key in ("failed", "left_out")})
    if made.details["failed"]:
        raise typer.Exit(1)


def _kind(config: Path | None) -> str:
    """The kind of source that a YAML names."""
    from memecap.core.config import read_yaml

    if config is None or not (kind := read_yaml(config).get("name")):
        fix = "Name one of `memecap parts corpora`, or give -c FILE."
        raise UsageError("no kind of source", where="memecap corpus build", fix=fix)
    return str(kind)


def _say_left_out(folder: Path) -> None:
    left = list(storage.read_jsonl(folder / LEFT_OUT))
    for item in left[:NAMED]:
        complain(f"left out: {item['key']}: {item['reason']}")
    if len(left) > NAMED:
        say(f"and {len(left) - NAMED} more in {folder / LEFT_OUT}")


def _tell_counts(folder: Path, counts: Mapping[str, int], as_json: bool, **details: int) -> None:
    text = f"{folder}: " + ", ".join(f"{split} {n:,}" for split, n in counts.items())
    tell({"folder": str(folder), "counts": dict(counts), **details}, text, as_json)


@corpus.command(epilog="Example: memecap corpus check data/corpora/memes data/corpora/flickr30k_ru")
def check(
    folders: Annotated[list[Path], typer.Argument(help="folders of corpora that are used together")],
    on: options.Place = "here",
    limit: options.Limit = None,
    as_json: options.JsonLines = False,
) -> None:
    """Count, and find broken pictures, leaks between splits, duplicates. Exit code 65 when there are faults."""
    from memecap.corpora.tools.check import check as check_corpora

    reports = check_corpora(folders, on=on, limit=limit)
    for report in reports:
        if as_json:
            emit(report.to_json())
            continue
        splits = ", ".join(
            f"{split} {n:,} rows {report.captions[split]:,} captions" for split, n in report.counts.items()
        )
        typer.echo(f"{report.name}: {splits}; {report.pictures:,} pictures, {report.left_out:,} items left out")
        typer.echo("  words in a caption: " + ", ".join(f"{key} {value:g}" for key, value in report.words.items()))
        typer.echo("  captions by script: " + ", ".join(f"{key} {n:,}" for key, n in report.languages.items()))
        typer.echo(
            f"  captions repeated {report.repeated_captions:,}, in more than one split {report.shared_captions:,}"
        )
        for near in report.near_misses[:5]:
            say(f"  alike: {near}")
        for split, n in report.known.items():
            typer.echo(f"  pictures of {split} that show one of train: {n:,} of {report.counts[split]:,}")
        typer.echo(f"  pictures of two splits that look alike, for the eye: {len(report.near_misses):,}")
        for fault in report.faults[:20]:
            complain(f"  fault: {fault}")
        typer.echo(f"  faults: {len(report.faults):,}")
    if any(report.faults for report in reports):
        raise typer.Exit(65)


@corpus.command(epilog="Example: memecap corpus export data/corpora/memes --to parquet --out data/exports/memes")
def export(
    folder: options.Corpus,
    to: Annotated[str, typer.Option(help="parquet, webdataset, coco, tsv or jsonl")],
    out: Annotated[
        Path | None, typer.Option(help="folder to write to; the corpus's name and the form when not given")
    ] = None,
    limit: options.Limit = None,
    dry_run: options.DryRun = False,
    as_json: options.Json = False,
) -> None:
    """Write a corpus in a form other programs read; `datasets` loads each of them."""
    from memecap.corpora.tools.export import FORMS
    from memecap.corpora.tools.export import export as export_corpus

    place = out or folder.with_name(f"{folder.name}-{to}")
    opened = open_corpus(folder).limited(limit)
    if dry_run:
        choose(to, FORMS, "form", where="--to")
        n = sum(opened.counts.values())
        raise planned("corpus export", reads=[folder], writes=[place], n=n, of="rows", as_json=as_json)
    files = [str(path) for path in export_corpus(opened, to, place)]
    tell({"files": files}, "\n".join(files), as_json)


@corpus.command(epilog="Example: memecap corpus index data/corpora/memes_packed")
def index(
    folder: Annotated[Path, typer.Argument(help="a folder of webdataset shards")],
    dry_run: options.DryRun = False,
    as_json: options.Json = False,
) -> None:
    """Make a corpus of exported webdataset shards: training reads its pictures inside the tar files."""
    from memecap.corpora.tools.index_shards import index as index_shards

    if dry_run:
        shards = sorted({*folder.glob("*.tar"), *folder.glob("shards/*.tar")})
        raise planned("corpus index", reads=shards, writes=[folder], n=len(shards), of="shards", as_json=as_json)
    _tell_counts(folder, index_shards(folder).counts, as_json)


@corpus.command(epilog="Example: memecap corpus look data/corpora/memes")
def look(
    folder: options.Corpus,
    samples: Annotated[int, typer.Option(min=0, help="rows of each split to show, groups, near misses")] = 24,
    out: Annotated[Path | None, typer.Option(help="the page; look.html in the corpus's folder when not given")] = None,
    limit: options.Limit = None,
    dry_run: options.DryRun = False,
    as_json: options.Json = False,
) -> None:
    """Make one HTML page for the eye: counts, lengths, words, scripts, sources, groups, near misses, samples."""
    from memecap.corpora.tools.look import PAGE
    from memecap.corpora.tools.look import look as look_at

    opened = open_corpus(folder).limited(limit)
    if dry_run:
        raise planned("corpus look", reads=[folder], writes=[out or folder / PAGE], as_json=as_json)
    page = str(look_at(opened, samples=samples, out=out))
    tell({"page": page}, page, as_json)
