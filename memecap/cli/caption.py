"""memecap caption: describe pictures."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from memecap.cli import app, options, side_by_side
from memecap.cli.dry_run import planned
from memecap.cli.output import TableForm, csv_row, emit, table_form
from memecap.cli.pictures import check_any, expand, listed
from memecap.core import defaults
from memecap.core.progress import complain, say, track
from memecap.errors import MemecapError, UsageError

if TYPE_CHECKING:
    from memecap.decoding.base import Search
    from memecap.inference.elsewhere import Elsewhere
    from memecap.inference.pipeline import Pipeline
    from memecap.inference.result import Result
    from memecap.inference.sidecars import Sidecars

Model = Annotated[
    str,
    typer.Option(help="checkpoint or run folder, Hub id, YAML of what needs no training, template, or remember"),
]
Decodings = Annotated[
    list[str] | None,
    typer.Option(
        help="greedy, beam, nucleus or mbr, several for a table of their captions side by side; "
        "the captioner's own choice when not given"
    ),
]
Sidecar = Annotated[bool, typer.Option(help="write x.txt beside x.jpg; x.jpg.txt where x.png stands there too")]
Targets = Annotated[
    list[str] | None, typer.Argument(help="pictures, folders, globs, https://…; - reads one from stdin")
]
SkipExisting = Annotated[
    bool, typer.Option(help="leave pictures out whose sidecar is there; --no-skip-existing captions them again")
]
Overwrite = Annotated[
    bool, typer.Option(help="sidecars are written anew, and may replace files that memecap did not write")
]
Attention = Annotated[
    Path | None, typer.Option(help="folder for a picture of where attention_lstm looked at each word")
]


@app.command(epilog="Example: memecap caption meme.jpg memes/ --model output/memes_read --json")
def caption(
    targets: Targets = None,
    from_file: options.FromFile = None,
    model: Model = "template",
    revision: options.Revision = None,
    reader: options.ReaderName = defaults.READER,
    reader_settings: options.ReaderSettings = None,
    memory: options.MemoryFolder = None,
    decoding: Decodings = None,
    settings: options.DecodingSettings = None,
    rank: options.Rank = None,
    judge: options.Judge = None,
    precision: options.PrecisionName = "fp32",
    style: options.StyleName = "plain",
    as_json: options.JsonLines = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="CSV with a header")] = False,
    sidecar: Sidecar = False,
    skip_existing: SkipExisting = True,
    overwrite: Overwrite = False,
    attention: Attention = None,
    batch_size: options.BatchSize = 16,
    on: options.Place = options.HERE,
    trust_code: options.TrustCode = False,
    device: options.Device = None,
    limit: Annotated[int | None, typer.Option(min=1, help="only the first so many pictures")] = None,
    dry_run: options.DryRun = False,
) -> None:
    """Describe pictures: the scene, and the text on the picture, quoted. Exit code 1 when some of them failed."""
    names = [*(targets or ()), *listed(from_file)]
    form, sources = table_form(as_json, as_csv), list(expand(names))[:limit]
    check_any(sources, names)
    from memecap.inference import precision as precisions
    from memecap.inference import ranking, styles
    from memecap.inference.elsewhere import Elsewhere
    from memecap.inference.load import load_captioner

    decodings = _chosen(decoding, settings, sidecar, attention, on)
    make = partial(
        load_captioner,
        options.pinned(model, revision),
        reader=options.reader_settings(reader, reader_settings),
        memory=memory,
        decoding=decodings[0] if decodings else None,
        ranking=ranking.choose(rank or (), judge),
        precision=precisions.choose(precision),
        style=styles.choose(style),
        device=device,
        trust_code=trust_code,
    )
    beside = _sidecars(sources, overwrite) if sidecar else None
    sources = _still_to_do(sources, beside if skip_existing and not overwrite else None)
    if dry_run:
        raise _planned(model, sources, beside, attention, as_json)
    captioner = make() if on == options.HERE else Elsewhere(make, on)
    if len(decodings) > 1:
        found = captioner.compare(sources, decodings, batch_size=batch_size)
        failed = side_by_side.show(found, sources, [decoding.name for decoding in decodings], form=form)
    else:
        failed = _show(captioner, sources, batch_size=batch_size, form=form, sidecars=beside, attention=attention)
    raise typer.Exit(int(failed > 0))


def _sidecars(sources: Sequence[Path | bytes | str], overwrite: bool) -> Sidecars:
    from memecap.inference.sidecars import Sidecars

    return Sidecars([source for source in sources if isinstance(source, Path)], overwrite=overwrite)


def _planned(
    model: str, sources: Sequence[Path | bytes | str], beside: Sidecars | None, attention: Path | None, as_json: bool
) -> typer.Exit:
    written = _written_to(sources, beside, attention)
    return planned("caption", reads=[model], writes=written, n=len(sources), as_json=as_json)


def _written_to(sources: Sequence[Path | bytes | str], sidecars: Sidecars | None, attention: Path | None) -> list[Path]:
    """The folders that files come into."""
    folders = {attention} if attention else set()
    if sidecars is not None:
        folders |= {sidecars.path(source).parent for source in sources if isinstance(source, Path)}
    return sorted(folders)


def _still_to_do(sources: list[Path | bytes | str], sidecars: Sidecars | None) -> list[Path | bytes | str]:
    """The sources without those whose sidecar stands; how many that are is said. Ends the verb where none is left."""
    if sidecars is None:
        return sources
    left = [source for source in sources if not (isinstance(source, Path) and sidecars.stands(source))]
    if n_skipped := len(sources) - len(left):
        say(f"pictures that have their sidecar: {n_skipped}; --no-skip-existing captions them again")
    if not left:
        raise typer.Exit(0)
    return left


def _chosen(
    names: list[str] | None, settings: list[str] | None, sidecar: bool, attention: Path | None, on: str
) -> list[Search]:
    """The decodings. Raises `UsageError` where something else that was asked for does not go with them."""
    from memecap.decoding.base import choose_several

    decodings = choose_several(names or (), settings or ())
    if len(decodings) > 1 and (sidecar or attention):
        where = "--sidecar" if sidecar else "--attention"
        raise UsageError("several captions a picture", where=where, fix="Name one decoding.")
    if attention and on != options.HERE:
        raise UsageError("where it looked is drawn here", where="--attention", fix="Leave --on out.")
    return decodings


def _show(
    captioner: Pipeline | Elsewhere,
    sources: Sequence[Path | bytes | str],
    *,
    batch_size: int,
    form: TableForm,
    sidecars: Sidecars | None,
    attention: Path | None,
) -> int:
    """Caption the pictures and print; returns how many of them failed."""
    if attention:
        from memecap.report import attention as maps

        looked: Any = getattr(captioner, "captioner", None)  # one that runs elsewhere was refused
        maps.check(looked, attention)
    if form == "csv":
        csv_row(["file", "caption", "quotes", "model", "seconds", "error"])
    failed = 0
    results = track(captioner.stream(sources, batch_size=batch_size), "captions", total=len(sources))
    for result, source in zip(results, sources, strict=True):
        name = "-" if isinstance(source, bytes) else result.source
        is_file = isinstance(source, Path)
        fault = _fault(name, result, sidecars if is_file else None)
        failed += fault is not None
        _print(name, result, fault, form, alone=len(sources) == 1)
        if attention and result.caption and is_file:
            maps.save(looked, Path(name), result.caption, attention)
    return failed


def _fault(name: str, result: Result, sidecars: Sidecars | None) -> str | None:
    """Why a picture has no caption, or no sidecar where one is wanted; said aloud."""
    if result.caption is None:
        complain(f"{name}: {result.error}")
        return result.error
    if sidecars is not None:
        try:
            sidecars.write(Path(name), result.caption.text, result.caption.source)
        except MemecapError as error:
            complain(f"{name}: {error}")
            return f"{error.what}: {error.where}"
    return None


def _print(name: str, result: Result, fault: str | None, form: TableForm, *, alone: bool) -> None:
    record = result.to_json() | {"file": name, "error": fault}
    if form == "json":
        emit(record)
    elif form == "csv":
        quotes = " | ".join(quote["text"] for quote in record["quotes"])
        csv_row([name, record["caption"], quotes, record["model"], record["seconds"], fault])
    elif result.caption:
        typer.echo(result.caption.text if alone else f"{name}: {result.caption.text}")
