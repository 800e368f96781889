"""memecap read: the text on pictures, or on all pictures of a corpus."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from memecap.cli import app, options
from memecap.cli.output import emit, tell
from memecap.cli.pictures import check_any, in_folder
from memecap.core import defaults, storage
from memecap.core.manifest import MANIFEST, open_corpus
from memecap.core.progress import say, track
from memecap.errors import MemecapError, MissingFileError, UsageError

if TYPE_CHECKING:
    from PIL.Image import Image

    from memecap.reading.base import Reader, Reading

BATCH = 64  # pictures read together


@app.command(epilog="Example: memecap read meme.jpg --show seen.png · memecap read data/corpora/memes")
def read(
    targets: Annotated[
        list[Path], typer.Argument(help="pictures, folders of pictures, or corpora", show_default=False)
    ],
    reader: Annotated[str, typer.Option(help="a reader: see `memecap parts reading`")] = defaults.READER,
    settings: Annotated[list[str] | None, typer.Option("--set", help="a setting of the reader, key=value")] = None,
    splits: options.Splits = None,
    on: options.Place = "here",
    show: Annotated[Path | None, typer.Option(help="draw boxes, order and confidence of one picture here")] = None,
    as_json: options.JsonLines = False,
) -> None:
    """Read the text on pictures. A corpus keeps its readings beside it and is not read twice.

    Raw passes are kept under $MEMECAP_CACHE (~/.cache/memecap), so that no picture is looked at twice.
    """
    from memecap.core import config

    part: Reader = config.build("reading", options.part_settings("reading", reader, settings))
    corpora = [target for target in targets if (target / MANIFEST).exists()]
    pictures = list(_pictures([target for target in targets if target not in corpora]))
    check_any([*corpora, *pictures], targets)
    if show is not None and (corpora or len(pictures) != 1):
        raise UsageError("--show draws one picture", where=f"{len(pictures)} pictures given", fix="Name one picture.")
    for corpus in corpora:
        _read_corpus(corpus, part, splits, on, as_json)
    batches = [pictures[first : first + BATCH] for first in range(0, len(pictures), BATCH)]
    n_failed = sum(_read_pictures(batch, part, show, as_json) for batch in track(batches, "reading"))
    if n_failed:
        say(f"{n_failed} of {len(pictures)} pictures could not be read")
        raise typer.Exit(1)


def _pictures(targets: list[Path]) -> Iterator[Path]:
    for target in targets:
        if target.is_dir():
            yield from in_folder(target)
        elif target.exists():
            yield target
        else:
            raise MissingFileError("no such picture or corpus", where=target, fix="Check the path.")


def _read_corpus(folder: Path, reader: Reader, splits: list[str] | None, on: str, as_json: bool) -> None:
    from memecap.reading.stored.readings import read_corpus, readings_path

    readings = read_corpus(open_corpus(folder), reader, splits, on=on)
    path = readings_path(folder, reader.version)
    n_lines = sum(len(reading.lines) for reading in readings.values())
    record = {"corpus": str(folder), "readings": str(path), "pictures": len(readings), "lines": n_lines}
    tell(record, f"{path}: {len(readings)} pictures, {n_lines} lines", as_json)


def _read_pictures(paths: list[Path], reader: Reader, show: Path | None, as_json: bool) -> int:
    """Read a batch of pictures and print it; returns how many could not be opened."""
    from memecap.pictures.safe_open import open_picture

    images: dict[Path, Image] = {}
    for path in paths:
        try:
            images[path] = open_picture(path)
        except MemecapError as error:
            say(f"{path}: {error.what}")
            if as_json:
                emit({"file": str(path), "error": error.what})
    for (path, image), reading in zip(images.items(), reader.read(list(images.values())), strict=True):
        if as_json:
            emit({"file": str(path), **reading.to_json(), "text": reading.text, "error": None})
        else:
            _print(path, reading, named=len(paths) > 1)
        if show is not None:
            _draw(image, reading, show)
    return len(paths) - len(images)


def _print(path: Path, reading: Reading, *, named: bool) -> None:
    if named:
        typer.echo(f"{path}:")
    for line in reading.lines:
        typer.echo(f"  {line.text}" if named else line.text)


def _draw(image: Image, reading: Reading, path: Path) -> None:
    from memecap.reading.engine.drawing import draw

    with storage.atomic_writer(path, "wb") as file:
        draw(image, reading).save(file, "PNG")
