"""memecap caption: describe pictures."""

from __future__ import annotations

import glob
import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from memecap.cli import app, side_by_side
from memecap.cli.output import csv_row, emit
from memecap.cli.pictures import check_any, in_folder
from memecap.errors import MemecapError, UsageError

if TYPE_CHECKING:
    from memecap.captioners.base import Captioner
    from memecap.core.config import PartConfig
    from memecap.modeling.outputs import Caption


@app.command(epilog="Example: memecap caption meme.jpg memes/ --model output/memes_read --json")
def caption(
    targets: Annotated[list[str], typer.Argument(help="pictures, folders, globs; - reads one picture from stdin")],
    model: Annotated[
        str | None,
        typer.Option(help="checkpoint or run folder, or a Hub id; without it: a template that needs no training"),
    ] = None,
    reader: Annotated[
        str, typer.Option(help="who reads the text: a name of `memecap parts reading`, or none")
    ] = "tesseract",
    reader_options: Annotated[
        list[str] | None, typer.Option("--reader-set", help="a setting of the reader, key=value")
    ] = None,
    decoding: Annotated[
        list[str] | None,
        typer.Option(
            help="greedy, beam, nucleus or mbr, several for a table of their captions side by side; "
            "the captioner's own choice when not given"
        ),
    ] = None,
    options: Annotated[
        list[str] | None,
        typer.Option(
            "--set", help="an option of the decodings that have it: width=5, top_p=0.9, seed=1, max_new_tokens=96"
        ),
    ] = None,
    rank: Annotated[
        list[str] | None,
        typer.Option(help="order candidates by log_probability, picture, reading, consensus; or a sum: reading=2"),
    ] = None,
    judge: Annotated[
        str | None,
        typer.Option(help="for --rank picture: ruclip, or clip=MODEL with a folder or Hub id; else the model's own"),
    ] = None,
    precision: Annotated[str, typer.Option(help="fp32, or bf16: faster, some captions differ")] = "fp32",
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object a line")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="CSV with a header")] = False,
    sidecar: Annotated[
        bool, typer.Option(help="write x.txt beside x.jpg; x.jpg.txt where x.png stands there too")
    ] = False,
    overwrite: Annotated[bool, typer.Option(help="sidecars may replace files that memecap did not write")] = False,
    attention: Annotated[
        Path | None, typer.Option(help="folder for a picture of where attention_lstm looked at each word")
    ] = None,
    batch_size: Annotated[int, typer.Option(min=1, help="pictures captioned together")] = 16,
    trust_code: Annotated[
        bool, typer.Option("--trust-code", help="import the modules outside memecap that the checkpoint names")
    ] = False,
    device: Annotated[str | None, typer.Option(help="cpu, cuda, mps; the best there is when not given")] = None,
) -> None:
    """Describe pictures: the scene, and the text on the picture, quoted. Exit code 1 when some of them failed."""
    if as_json and as_csv:
        raise UsageError("two formats for one output", where="--json --csv", fix="Choose one of them.")
    sources = list(expand(targets))
    check_any(sources, targets)
    from memecap.core.progress import say, track
    from memecap.decoding.base import choose_several
    from memecap.inference import ranking
    from memecap.inference.pipeline import load_captioner
    from memecap.inference.precision import choose as choose_precision
    from memecap.inference.sidecars import Sidecars

    decodings = choose_several(decoding or (), options or ())
    if len(decodings) > 1 and (sidecar or attention):
        where = "--sidecar" if sidecar else "--attention"
        raise UsageError("several captions a picture", where=where, fix="Name one decoding.")
    captioner = load_captioner(
        model,
        reader=reader_settings(reader, reader_options or []),
        decoding=decodings[0] if decodings else None,
        ranking=ranking.choose(rank or (), judge),
        precision=choose_precision(precision),
        device=device,
        trust_code=trust_code,
    )
    if attention:
        _check_attention(captioner.captioner, attention)
    if len(decodings) > 1:
        failed = side_by_side.show(captioner, sources, decodings, batch_size=batch_size, as_json=as_json, as_csv=as_csv)
        raise typer.Exit(1 if failed else 0)
    sidecars = Sidecars([Path(source) for source in sources if isinstance(source, Path)], overwrite=overwrite)
    failed = 0
    if as_csv:
        csv_row(["file", "caption", "quotes", "model", "seconds", "error"])
    results = track(captioner.stream(sources, batch_size=batch_size), "captions", total=len(sources))
    for result, source in zip(results, sources, strict=True):
        name = "-" if isinstance(source, bytes) else result.source
        if result.caption is None:
            failed += 1
            say(f"{name}: {result.error}")
        record = result.to_json() | {"file": name}
        if sidecar and result.caption and name != "-":
            try:
                sidecars.write(Path(name), result.caption.text)
            except MemecapError as error:
                failed += 1
                record["error"] = f"{error.what}: {error.where}"
                say(f"{name}: {error}")
        if as_json:
            emit(record)
        elif as_csv:
            quotes = " | ".join(quote["text"] for quote in record["quotes"])
            csv_row([name, record["caption"], quotes, record["model"], record["seconds"], record["error"]])
        elif result.caption:
            typer.echo(result.caption.text if len(sources) == 1 else f"{name}: {result.caption.text}")
        if attention and result.caption and name != "-":
            _draw_attention(captioner.captioner, Path(name), result.caption, attention)
    raise typer.Exit(1 if failed else 0)


def _check_attention(captioner: Captioner, folder: Path) -> None:
    """Before anything is captioned: can it be drawn, and written there?"""
    from memecap.core import storage
    from memecap.report import attention

    attention.check(captioner)
    storage.check_writable(folder)


def _draw_attention(captioner: Captioner, picture: Path, caption: Caption, folder: Path) -> None:
    """Into <folder>/<name>.png; pictures of the same name from several folders are numbered."""
    from memecap.core import storage
    from memecap.pictures.safe_open import open_picture
    from memecap.report.attention import draw

    content = io.BytesIO()
    draw(captioner, open_picture(picture), caption).save(content, "PNG")
    place, number = folder / f"{picture.stem}.png", 1
    while place.exists():
        number += 1
        place = folder / f"{picture.stem}-{number}.png"
    storage.write_bytes(place, content.getvalue())


def reader_settings(name: str, options: list[str]) -> PartConfig | None:
    """A reader's settings from flags; None for the name `none`."""
    if name == "none":
        return None
    from memecap.core import config, registry

    settings: type[PartConfig] = registry.load("reading", name).Config
    return config.load(settings, None, options, defaults={"name": name})


def expand(targets: list[str]) -> Iterator[Path | bytes]:
    """What names, folders, globs and `-` stand for. A name that matches nothing is kept: it will be reported."""
    for target in targets:
        path = Path(target)
        if target == "-":
            yield sys.stdin.buffer.read()
        elif path.is_dir():
            yield from in_folder(path)
        elif not path.exists() and glob.has_magic(target):
            yield from sorted(Path(found) for found in glob.glob(target, recursive=True)) or [path]
        else:
            yield path
