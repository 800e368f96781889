"""memecap read: the text on pictures, or on all pictures of a corpus."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from memecap.cli import app, options
from memecap.cli.dry_run import planned
from memecap.cli.output import emit, tell
from memecap.cli.pictures import listed, named, told_apart
from memecap.core import defaults, storage
from memecap.core.manifest import open_corpus
from memecap.core.progress import complain, track
from memecap.errors import MemecapError, UsageError

if TYPE_CHECKING:
    from PIL.Image import Image

    from memecap.reading.base import Reader, Reading

BATCH = 64  # pictures read together


@app.command(epilog="Example: memecap read meme.jpg --show seen.png · memecap read data/corpora/memes")
def read(
    targets: Annotated[
        list[str] | None,
        typer.Argument(help="pictures, folders of pictures, globs, https://…, or corpora", show_default=False),
    ] = None,
    from_file: options.FromFile = None,
    reader: Annotated[str, typer.Option(help="a reader: see `memecap parts reading`")] = defaults.READER,
    settings: Annotated[list[str] | None, typer.Option("--set", help="a setting of the reader, key=value")] = None,
    splits: options.Splits = None,
    on: options.Place = "here",
    show: Annotated[Path | None, typer.Option(help="draw boxes, order and confidence of one picture here")] = None,
    limit: options.Limit = None,
    dry_run: options.DryRun = False,
    as_json: options.JsonLines = False,
) -> None:
    """Read the text on pictures. A corpus keeps its readings beside it and is not read twice.

    Raw passes are kept under $MEMECAP_CACHE (~/.cache/memecap), so that no picture is looked at twice.
    """
    from memecap.core import config

    part: Reader = config.build("reading", options.part_settings("reading", reader, settings))
    names = [*(targets or ()), *listed(from_file)]
    corpora, pictures = told_apart(names)
    pictures = pictures[:limit]
    if show is not None and (corpora or len(pictures) != 1):
        raise UsageError("--show draws one picture", where=f"{len(pictures)} pictures given", fix="Name one picture.")
    if dry_run:
        raise _planned(corpora, len(pictures), part, splits, limit, show, as_json)
    for corpus in corpora:
        _read_corpus(corpus, part, splits, on, limit, as_json)
    batches = [pictures[first : first + BATCH] for first in range(0, len(pictures), BATCH)]
    n_failed = sum(_read_pictures(batch, part, show, as_json) for batch in track(batches, "reading"))
    if n_failed:
        complain(f"{n_failed} of {len(pictures)} pictures could not be read")
        raise typer.Exit(1)


def _planned(
    corpora: list[Path],
    n_pictures: int,
    reader: Reader,
    splits: list[str] | None,
    limit: int | None,
    show: Path | None,
    as_json: bool,
) -> typer.Exit:
    from memecap.reading.stored.readings import readings_path

    opened = [open_corpus(folder).limited(limit) for folder in corpora]
    n = n_pictures + sum(corpus.counts.get(split, 0) for corpus in opened for split in splits or corpus.counts)
    writes = [readings_path(folder, reader.version) for folder in corpora] + ([show] if show else [])
    return planned("read", reads=corpora, writes=writes, n=n, as_json=as_json)


def _read_corpus(
    folder: Path, reader: Reader, splits: list[str] | None, on: str, limit: int | None, as_json: bool
) -> None:
    from memecap.reading.stored.readings import read_corpus, readings_path

    readings = read_corpus(open_corpus(folder).limited(limit), reader, splits, on=on)
    path = readings_path(folder, reader.version)
    n_lines = sum(len(reading.lines) for reading in readings.values())
    record = {"corpus": str(folder), "readings": str(path), "pictures": len(readings), "lines": n_lines}
    tell(record, f"{path}: {len(readings)} pictures, {n_lines} lines", as_json)


def _read_pictures(paths: list[Path | str | bytes], reader: Reader, show: Path | None, as_json: bool) -> int:
    """Read a batch of pictures and print it; returns how many could not be opened."""
    from memecap.pictures.safe_open import open_picture

    images: dict[str, Image] = {}
    for path in paths:
        try:
            images[named(path)] = open_picture(path)
        except MemecapError as error:
            complain(f"{named(path)}: {error.what}")
            if as_json:
                emit({"file": named(path), "error": error.what})
    for (path, image), reading in zip(images.items(), reader.read(list(images.values())), strict=True):
        if as_json:
            emit({"file": path, **reading.to_json(), "text": reading.text, "error": None})
        else:
            _print(path, reading, headed=len(paths) > 1)
        if show is not None:
            _draw(image, reading, show)
    return len(paths) - len(images)


def _print(path: str, reading: Reading, *, headed: bool) -> None:
    if headed:
        typer.echo(f"{path}:")
    for line in reading.lines:
        typer.echo(f"  {line.text}" if headed else line.text)


def _draw(image: Image, reading: Reading, path: Path) -> None:
    from memecap.reading.engine.drawing import draw

    with storage.atomic_writer(path, "wb") as file:
        draw(image, reading).save(file, "PNG")
