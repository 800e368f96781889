"""Pictures that lie near a table of captions, as archives unpack: in its folder, or one or two folders deeper.

In: the table or its folder, and names of pictures. Out: where each picture is; said aloud where there are none.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import Field

from memecap.core.progress import say
from memecap.corpora.sources.tables import picture
from memecap.pictures.safe_open import EXTENSIONS

ImagesBeside = Annotated[
    Path | None, Field(description="folder of the pictures; when not set, those beside the captions, if any")
]

RowT = TypeVar("RowT", bound=tuple[Any, ...])

DEEPEST = 2  # flickr30k_images/flickr30k_images, as Kaggle packs it
TRIED = 100  # names, before it is said that no picture is there


def with_pictures(source: Path, rows: Iterator[RowT], *, images: Path | None) -> Iterator[tuple[Path | None, RowT]]:
    """Rows that begin with a picture's name, each after its place: in `images` when given, else beside the source.

    When none of the first pictures is beside the source, its captions are text only.
    """
    first = list(islice(rows, TRIED))
    folders = list(_pictured(images or around(source)))
    if images is not None:
        folders.insert(0, images)
    elif not any(picture(folder, name).is_file() for name, *_ in first for folder in folders):
        fix = "Name the folder of the pictures: --set images=FOLDER"
        say(f"warning: no pictures beside {source}: captions only. {fix}")
        folders = []
    for row in chain(first, rows):
        yield _find(folders, row[0]), row


def around(source: Path) -> Path:
    """The folder of a source, which may be a file in it."""
    return source if source.is_dir() else source.parent


def _find(folders: list[Path], name: str) -> Path | None:
    """The picture's place; where it should be if it is nowhere. The folder that was right comes first next time."""
    for number, folder in enumerate(folders):
        if (path := picture(folder, name)).is_file():
            folders.insert(0, folders.pop(number))
            return path
    return folders[0] / name if folders else None


def _pictured(folder: Path, depth: int = 0) -> Iterator[Path]:
    """The folder and those inside it that hold a picture."""
    if not folder.is_dir():
        return
    if any(path.suffix.lower() in EXTENSIONS for path in folder.iterdir()):
        yield folder
    if depth < DEEPEST:
        for inner in sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")):
            yield from _pictured(inner, depth + 1)
