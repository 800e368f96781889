"""memecap memory: build, add to, join, ask and look at memories of described pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from memecap.cli import app, options
from memecap.cli.dry_run import planned
from memecap.cli.everywhere import Verbs
from memecap.cli.output import emit, tell
from memecap.cli.pictures import file_of, named, told_apart
from memecap.core import defaults, storage
from memecap.core.manifest import open_corpus
from memecap.core.progress import complain, say, track

if TYPE_CHECKING:
    from memecap.core.manifest import Corpus
    from memecap.memory.memory import Memory
    from memecap.memory.recollection import RememberedLine
    from memecap.reading.base import Reader, Reading

memory = Verbs(help="Memories: described pictures that are found again by what they show.", no_args_is_help=True)
app.add_typer(memory, name="memory")

Folder = Annotated[Path, typer.Argument(metavar="MEMORY", help="the folder of a memory")]
Corpora = Annotated[list[Path], typer.Argument(help="folders of corpora, read with `memecap read`")]
WrittenBy = Annotated[
    str,
    typer.Option(help="who wrote the captions: person, correction, a model's name; the corpus's own when not given"),
]


@memory.command(epilog="Example: memecap memory build data/corpora/memes --out data/memory --split train --on workers")
def build(
    corpora: Corpora,
    out: Annotated[Path, typer.Option(help="the memory's folder")] = Path("data/memory"),
    splits: options.Splits = None,
    written_by: WrittenBy = "",
    on: options.Place = "here",
    limit: options.Limit = None,
    dry_run: options.DryRun = False,
    as_json: options.Json = False,
) -> None:
    """Remember the described pictures of corpora, or bring a memory up to date. A stopped run goes on.

    It keeps features, captions, lines and links, no picture. Exit code 1 when some pictures could not be opened.
    """
    from memecap.memory.memory import Memory

    opened = [open_corpus(folder).limited(limit) for folder in corpora]
    if dry_run:
        raise _planned("memory build", opened, splits, out, as_json)
    with storage.lock(out):
        _remember(Memory.create(out), opened, splits, written_by, on, as_json)


@memory.command(epilog="Example: memecap memory add data/memory data/corpora/corrections --written-by correction")
def add(
    folder: Folder,
    corpora: Corpora,
    splits: options.Splits = None,
    written_by: WrittenBy = "",
    on: options.Place = "here",
    limit: options.Limit = None,
    dry_run: options.DryRun = False,
    as_json: options.Json = False,
) -> None:
    """Remember the described pictures of more corpora, in a memory that there is."""
    from memecap.memory.memory import Memory

    opened, sources = Memory.open(folder), [open_corpus(corpus).limited(limit) for corpus in corpora]
    if dry_run:
        raise _planned("memory add", sources, splits, folder, as_json)
    with storage.lock(folder):
        _remember(opened, sources, splits, written_by, on, as_json)


def _planned(verb: str, corpora: Sequence[Corpus], splits: list[str] | None, out: Path, as_json: bool) -> typer.Exit:
    n = sum(corpus.counts.get(split, 0) for corpus in corpora for split in splits or corpus.counts)
    return planned(verb, reads=[corpus.folder for corpus in corpora], writes=[out], n=n, as_json=as_json)


def _remember(
    opened: Memory, corpora: Sequence[Corpus], splits: list[str] | None, written_by: str, on: str, as_json: bool
) -> None:
    from memecap.memory.stored import remember

    n_failed = 0
    for corpus in corpora:
        failed = remember(opened, corpus, _lines(corpus.folder), splits, written_by=written_by, on=on)
        for image_id, why in failed:
            complain(f"left out: {image_id}: {why}")
        n_failed += len(failed)
    opened.save()
    _tell(opened, as_json)
    if n_failed:
        raise typer.Exit(1)


@memory.command(epilog="Example: memecap memory join data/memory data/memory_of_badtextmeme")
def join(
    folder: Folder,
    others: Annotated[list[Path], typer.Argument(metavar="OTHER...", help="memories that are taken over")],
    dry_run: options.DryRun = False,
    as_json: options.Json = False,
) -> None:
    """Take over what other memories hold; what several hold keeps the words of the first."""
    from memecap.memory.memory import Memory

    opened, taken = Memory.open(folder), [Memory.open(other) for other in others]
    if dry_run:
        n = sum(map(len, taken))
        raise planned("memory join", reads=others, writes=[folder], n=n, as_json=as_json)
    with storage.lock(folder):
        for other in taken:
            opened.join(other)
        opened.save()
        _tell(opened, as_json)


@memory.command(
    epilog="Example: memecap memory find data/memory meme.jpg · … data/memory data/corpora/memes --split val"
)
def find(
    folder: Folder,
    targets: Annotated[list[str], typer.Argument(help="pictures, folders of pictures, or corpora")],
    splits: options.Splits = None,
    reader: options.ReaderName = defaults.READER,
    settings: options.ReaderSettings = None,
    on: options.Place = "here",
    limit: options.Limit = None,
    dry_run: options.DryRun = False,
    as_json: options.JsonLines = False,
) -> None:
    """Say which remembered pictures these show. Nothing finds itself or its group; a corpus keeps the answers."""
    from memecap.memory.memory import Memory
    from memecap.memory.stored import recollect, recollections_path

    opened = Memory.open(folder)
    corpora, pictures = told_apart(targets)
    sources, pictures = [open_corpus(target).limited(limit) for target in corpora], pictures[:limit]
    if dry_run:
        places = [recollections_path(corpus.folder, opened.identity) for corpus in sources]
        n = len(pictures) + sum(corpus.counts.get(s, 0) for corpus in sources for s in splits or corpus.counts)
        raise planned("memory find", reads=[folder, *targets], writes=places, n=n, as_json=as_json)
    for corpus in sources:
        found = recollect(corpus, opened, _lines(corpus.folder), splits, on=on)
        path, n_known = recollections_path(corpus.folder, opened.identity), sum(map(bool, found.values()))
        record = {"corpus": str(corpus.folder), "recollections": str(path), "pictures": len(found), "known": n_known}
        tell(record, f"{path}: {n_known:,} of {len(found):,} pictures are known", as_json)
    for picture in track(pictures, "recalling"):
        _find(opened, picture, _reader(reader, settings), as_json)


@memory.command(epilog="Example: memecap memory look data/memory data/corpora/memes --split val --out look.html")
def look(
    folder: Folder,
    targets: Annotated[list[str], typer.Argument(help="pictures, folders of pictures, or corpora")],
    splits: options.Splits = None,
    corpora: Annotated[
        list[Path] | None, typer.Option("--corpus", help="a corpus whose pictures are remembered, to show them too")
    ] = None,
    samples: Annotated[int, typer.Option(min=1, help="known pictures to show at most")] = 200,
    reader: options.ReaderName = defaults.READER,
    settings: options.ReaderSettings = None,
    out: Annotated[Path | None, typer.Option(help="the page; look.html in the memory's folder when not given")] = None,
    limit: options.Limit = None,
    dry_run: options.DryRun = False,
    as_json: options.Json = False,
) -> None:
    """Make one HTML page for the eye: pictures, what each of them shows again, and the places that agree."""
    from memecap.memory.memory import Memory
    from memecap.report.recollections import Asked, page

    opened = Memory.open(folder)
    known, pictures = told_apart(targets)
    place = out or folder / "look.html"
    if dry_run:
        raise planned("memory look", reads=[folder, *targets], writes=[place], as_json=as_json)
    asked = []
    for corpus in [open_corpus(target).limited(limit) for target in known]:
        lines = _lines(corpus.folder)
        for split in splits or corpus.counts:
            for row in corpus.rows(split):
                if path := corpus.image_path(row):
                    boxes = [line.box for line in lines.get(row.image_id, ())]
                    asked.append(Asked(path, boxes, {row.image_id, row.group_id}, " ".join(row.captions)))
    read = _reader(reader, settings)
    asked += [Asked(path, _boxes(path, read), set(), "") for path in map(file_of, pictures[:limit])]
    shown = [open_corpus(corpus) for corpus in [*known, *(corpora or ())]]
    made = str(page(opened, track(asked, "recalling"), shown, place, samples=samples))
    tell({"page": made}, made, as_json)


def _lines(folder: Path) -> dict[str, tuple[RememberedLine, ...]]:
    """What was read on the pictures of a corpus, by image id."""
    from memecap.memory.recollection import RememberedLine
    from memecap.reading.stored.readings import load_readings

    readings = load_readings(folder)
    if not readings:
        say(f"{folder}: nothing was read there, so text counts as picture; run `memecap read {folder}` first")
    return {
        image_id: tuple(RememberedLine(line.text, line.box) for line in reading.lines)
        for image_id, reading in readings.items()
    }


def _reader(name: str, settings: list[str] | None) -> Reader | None:
    from memecap.core import config

    chosen = options.reader_settings(name, settings)
    return None if chosen is None else config.build("reading", chosen)


def _boxes(path: Path | str | bytes, reader: Reader | None) -> list[tuple[int, int, int, int]]:
    from memecap.pictures.safe_open import open_picture

    readings: list[Reading] = reader.read([open_picture(path)]) if reader else []
    return [line.box for reading in readings for line in reading.lines]


def _find(opened: Memory, path: Path | str | bytes, reader: Reader | None, as_json: bool) -> None:
    from memecap.pictures.safe_open import open_picture

    found = opened.ask(open_picture(path), _boxes(path, reader))
    if as_json:
        emit({"file": named(path), "recollections": [each.to_json() for each in found]})
        return
    typer.echo(f"{named(path)}: {'known' if found else 'new'}")
    for each in found:
        typer.echo(f"  {each.confidence:.0%} {each.inliers} places, {each.corpus} {each.image_id[:12]}")
        typer.echo(f"    {each.captions[0]}")


def _tell(opened: Memory, as_json: bool) -> None:
    record = {"memory": str(opened.folder), "pictures": len(opened), "identity": opened.identity}
    counts = "; ".join(
        f"{corpus}: " + ", ".join(f"{split} {n:,}" for split, n in of.items()) for corpus, of in opened.splits().items()
    )
    tell({**record, "splits": opened.splits()}, f"{opened.folder}: {len(opened):,} pictures ({counts})", as_json)
