"""Pictures that lie near a table of captions, as archives unpack: in its folder, or one or two folders deeper.

In: the table or its folder, and names of pictures. Out: where each picture is; said aloud where there are none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

from pydantic import Field

from memecap.core.progress import say
from memecap.corpora.sources.tables import picture
from memecap.pictures.safe_open import EXTENSIONS

ImagesBeside = Annotated[
    Path | None, Field(description="folder of the pictures; when not set, those beside the captions, if any")
]

DEEPEST = 2  # flickr30k_images/flickr30k_images, as Kaggle packs it
TRIED = 100  # names, before it is said that no picture is there


class Beside:
    """Folders that hold pictures, the one that was right last time first."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = list(folders)

    def find(self, name: str) -> Path | None:
        """The picture's place; where it should be if it is nowhere; None where captions have no pictures at all."""
        for number, folder in enumerate(self._folders):
            if (path := picture(folder, name)).is_file():
                self._folders.insert(0, self._folders.pop(number))
                return path
        return self._folders[0] / name if self._folders else None


def look_beside(source: Path, names: Sequence[str], *, images: Path | None) -> Beside:
    """Where the pictures of a source are: in `images` when it is given, else beside the source.

    Args:
        names: some of the pictures. When none of the first is beside the source, its captions are text only.
    """
    if images is not None:
        return Beside([images, *_pictured(images)])
    folders = list(_pictured(around(source)))
    if any(picture(folder, name).is_file() for name in names[:TRIED] for folder in folders):
        return Beside(folders)
    say(f"warning: no pictures beside {source}: captions only. Name the folder of the pictures: --set images=FOLDER")
    return Beside([])


def around(source: Path) -> Path:
    """The folder of a source, which may be a file in it."""
    return source if source.is_dir() else source.parent


def _pictured(folder: Path, depth: int = 0) -> Iterator[Path]:
    """The folder and those inside it that hold a picture."""
    if not folder.is_dir():
        return
    if any(path.suffix.lower() in EXTENSIONS for path in folder.iterdir()):
        yield folder
    if depth < DEEPEST:
        for inner in sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")):
            yield from _pictured(inner, depth + 1)
