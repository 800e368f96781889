"""memecap caption: describe pictures."""

from __future__ import annotations

import glob
import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from memecap.cli import app
from memecap.cli._output import emit

if TYPE_CHECKING:
    from memecap.captioners.base import Caption, Captioner
    from memecap.config import PartConfig


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
        str | None, typer.Option(help="greedy, beam, nucleus or mbr; the captioner's own choice when not given")
    ] = None,
    options: Annotated[
        list[str] | None,
        typer.Option("--set", help="an option of the decoding: width=5, top_p=0.9, seed=1, max_new_tokens=96"),
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
    sidecar: Annotated[bool, typer.Option(help="write NAME.txt beside each picture")] = False,
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
    from memecap import ranking
    from memecap.decoding import choose
    from memecap.inference import load_captioner
    from memecap.precision import choose as choose_precision
    from memecap.progress import say, track

    sources = list(expand(targets))
    captioner = load_captioner(
        model,
        reader=_reader(reader, reader_options or []),
        decoding=choose(decoding, options or ()),
        ranking=ranking.choose(rank or (), judge),
        precision=choose_precision(precision),
        device=device,
        trust_code=trust_code,
    )
    failed = 0
    if as_csv:
        _csv_row(["file", "caption", "quotes", "model", "seconds", "error"])
    results = track(captioner.stream(sources, batch_size=batch_size), "captions", total=len(sources))
    for result, source in zip(results, sources, strict=True):
        name = "-" if isinstance(source, bytes) else result.source
        if result.caption is None:
            failed += 1
            say(f"{name}: {result.error}")
        record = result.to_json() | {"file": name}
        if as_json:
            emit(record)
        elif as_csv:
            quotes = " | ".join(quote["text"] for quote in record["quotes"])
            _csv_row([name, record["caption"], quotes, record["model"], record["seconds"], record["error"]])
        elif result.caption:
            typer.echo(result.caption.text if len(sources) == 1 else f"{name}: {result.caption.text}")
        if sidecar and result.caption and name != "-":
            from memecap import storage

            storage.write_text(Path(name).with_suffix(".txt"), result.caption.text + "\n")
        if attention and result.caption and name != "-":
            _draw_attention(captioner.captioner, Path(name), result.caption, attention)
    raise typer.Exit(1 if failed else 0)


def _draw_attention(captioner: Captioner, picture: Path, caption: Caption, folder: Path) -> None:
    """Into <folder>/<name>.png; pictures of the same name from several folders are numbered."""
    from memecap import storage
    from memecap.attention import draw
    from memecap.pictures import open_picture

    content = io.BytesIO()
    draw(captioner, open_picture(picture), caption).save(content, "PNG")
    place, number = folder / f"{picture.stem}.png", 1
    while place.exists():
        number += 1
        place = folder / f"{picture.stem}-{number}.png"
    storage.write_bytes(place, content.getvalue())


def _reader(name: str, options: list[str]) -> PartConfig | None:
    if name == "none":
        return None
    from memecap import config, registry

    settings: type[PartConfig] = registry.load("reading", name).Config
    return config.load(settings, None, options, defaults={"name": name})


def expand(targets: list[str]) -> Iterator[Path | bytes]:
    """What names, folders, globs and `-` stand for. A name that matches nothing is kept: it will be reported."""
    from memecap.pictures import find_pictures

    for target in targets:
        path = Path(target)
        if target == "-":
            yield sys.stdin.buffer.read()
        elif path.is_dir():
            yield from find_pictures(path)
        elif not path.exists() and glob.has_magic(target):
            yield from sorted(Path(found) for found in glob.glob(target, recursive=True)) or [path]
        else:
            yield path


def _csv_row(values: list[object]) -> None:
    import csv

    csv.writer(sys.stdout, lineterminator="\n").writerow([_harmless(value) for value in values])


def _harmless(value: object) -> object:
    """A spreadsheet runs a cell that begins with one of these; an apostrophe keeps it text."""
    if value == "-":  # the picture from stdin: no formula
        return value
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")) else value
