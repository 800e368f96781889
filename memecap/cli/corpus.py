"""memecap corpus: build, check, look at and export corpora."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from memecap.cli import app
from memecap.cli.output import emit

corpus = typer.Typer(help="Corpora: pictures with their captions, split by group.", no_args_is_help=True)
app.add_typer(corpus, name="corpus")

Folder = Annotated[Path, typer.Argument(help="the folder of a corpus")]
Json = Annotated[bool, typer.Option("--json", help="one JSON object on stdout")]


@corpus.command(epilog="Example: memecap corpus build memes data/raw/memes --out data/corpora/memes --on workers")
def build(
    name: Annotated[str | None, typer.Argument(help="kind of source: a name of `memecap parts corpora`")] = None,
    source: Annotated[Path | None, typer.Argument(help="the source's file or folder")] = None,
    config: Annotated[Path | None, typer.Option("-c", "--config", help="YAML with the kind's settings")] = None,
    out: Annotated[
        Path | None, typer.Option(help="corpus folder; data/corpora/ and the YAML's or the kind's name when not given")
    ] = None,
    settings: Annotated[list[str] | None, typer.Option("--set", help="a setting: val=0.05, images=FOLDER")] = None,
    on: Annotated[str, typer.Option(help="where pictures are decoded: here, workers, workers:N, ray")] = "here",
    drop_missing: Annotated[
        bool, typer.Option("--drop-missing", help="drop the rows that the source no longer gives, instead of stopping")
    ] = False,
    as_json: Json = False,
) -> None:
    """Make a corpus from a source, or bring it up to date. Exit code 1 when some pictures could not be used.

    A rebuild that would drop rows which stand stops with exit code 65 and changes nothing.
    """
    from memecap.core import registry, storage
    from memecap.core.config import load, read_yaml
    from memecap.core.manifest import LEFT_OUT
    from memecap.core.progress import say
    from memecap.corpora.build.build import build as build_corpus
    from memecap.errors import UsageError

    kind = name or (str(read_yaml(config).get("name", "")) if config else "")
    if not kind:
        raise UsageError(
            "no kind of source",
            where="memecap corpus build",
            fix="Name one of `memecap parts corpora`, or give -c FILE.",
        )
    part = registry.load("corpora", kind)
    given = [f"{key}={json.dumps(str(value))}" for key, value in (("name", name), ("source", source)) if value]
    chosen = load(part.Config, config, [*given, *(settings or [])], defaults={"name": kind})
    folder = out or Path("data/corpora") / (config.stem if config else kind.rpartition(".")[2])
    made = build_corpus(part(chosen), folder, on=on, drop_missing=drop_missing)
    left = list(storage.read_jsonl(folder / LEFT_OUT))
    for item in left[:10]:
        say(f"left out: {item['key']}: {item['reason']}")
    if len(left) > 10:
        say(f"and {len(left) - 10} more in {folder / LEFT_OUT}")
    summary = {
        "folder": str(folder),
        "counts": dict(made.counts),
        **{k: made.details[k] for k in ("failed", "left_out")},
    }
    if as_json:
        emit(summary)
    else:
        typer.echo(f"{folder}: " + ", ".join(f"{split} {n:,}" for split, n in made.counts.items()))
    if made.details["failed"]:
        raise typer.Exit(1)


@corpus.command(epilog="Example: memecap corpus check data/corpora/memes data/corpora/flickr30k_ru")
def check(
    folders: Annotated[list[Path], typer.Argument(help="folders of corpora that are used together")],
    on: Annotated[str, typer.Option(help="where pictures are decoded: here, workers, workers:N, ray")] = "here",
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object a corpus on stdout")] = False,
) -> None:
    """Count, and find broken pictures, leaks between splits, duplicates. Exit code 65 when there are faults."""
    from memecap.core.progress import say
    from memecap.corpora.tools.check import check as check_corpora

    reports = check_corpora(folders, on=on)
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
        typer.echo(f"  pictures of two splits that look alike, for the eye: {len(report.near_misses):,}")
        for fault in report.faults[:20]:
            say(f"  fault: {fault}")
        typer.echo(f"  faults: {len(report.faults):,}")
    if any(report.faults for report in reports):
        raise typer.Exit(65)


@corpus.command(epilog="Example: memecap corpus export data/corpora/memes --to parquet --out data/exports/memes")
def export(
    folder: Folder,
    to: Annotated[str, typer.Option(help="parquet, webdataset, coco or tsv")],
    out: Annotated[
        Path | None, typer.Option(help="folder to write to; the corpus's name and the form when not given")
    ] = None,
    as_json: Json = False,
) -> None:
    """Write a corpus in a form other programs read; `datasets` loads each of them."""
    from memecap.core.manifest import open_corpus
    from memecap.corpora.tools.export import export as export_corpus

    written = export_corpus(open_corpus(folder), to, out or folder.with_name(f"{folder.name}-{to}"))
    if as_json:
        emit({"files": [str(path) for path in written]})
    else:
        for path in written:
            typer.echo(str(path))


@corpus.command(epilog="Example: memecap corpus index data/corpora/memes_packed")
def index(folder: Annotated[Path, typer.Argument(help="a folder of webdataset shards")], as_json: Json = False) -> None:
    """Make a corpus of exported webdataset shards: training reads its pictures inside the tar files."""
    from memecap.corpora.tools.index_shards import index as index_shards

    made = index_shards(folder)
    if as_json:
        emit({"folder": str(folder), "counts": dict(made.counts)})
    else:
        typer.echo(f"{folder}: " + ", ".join(f"{split} {n:,}" for split, n in made.counts.items()))


@corpus.command(epilog="Example: memecap corpus look data/corpora/memes")
def look(
    folder: Folder,
    samples: Annotated[int, typer.Option(min=0, help="rows of each split to show, groups, near misses")] = 24,
    out: Annotated[Path | None, typer.Option(help="the page; look.html in the corpus's folder when not given")] = None,
) -> None:
    """Make one HTML page for the eye: counts, lengths, words, scripts, sources, groups, near misses, samples."""
    from memecap.core.manifest import open_corpus
    from memecap.corpora.tools.look import look as look_at

    typer.echo(str(look_at(open_corpus(folder), samples=samples, out=out)))
