"""The page of `memecap judge`: one picture and two captions at a time.

The browser keeps the answers under the judging's key, so a reload loses none, and saves them as a file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from memecap.core import storage
from memecap.errors import DataError
from memecap.evaluation.judging import Judging, Pair, pictures_of
from memecap.report.page import fill
from memecap.report.thumbnail import thumbnail
from memecap.report.words import DEFAULT

SIDE = 640  # pixels: a judge reads the small print


def write_page(
    path: Path,
    questions: Sequence[Pair],
    *,
    images: Path | None,
    judge: str,
    judging: Judging,
    out: str,
    language: str = DEFAULT,
) -> None:
    """Write the page, with the pictures under `images` where that is given.

    Raises:
        MissingFileError, DataError: pictures are not there, or cannot be opened; they are named.
    """
    pictures = _pictures(questions, images) if images else [""] * len(questions)
    pairs = [{**asdict(pair), "image": picture} for pair, picture in zip(questions, pictures, strict=True)]
    told = {"judge": judge, "judging": asdict(judging), "key": judging.key(judge), "out": out, "pairs": pairs}
    storage.write_text(path, fill("judge.html", "page.css", "judge.js", told, language=language))


def _pictures(questions: Sequence[Pair], images: Path) -> list[str]:
    paths = pictures_of(questions, images)
    found = [thumbnail(path, SIDE)[0] for path in paths]
    if broken := [str(path) for path, picture in zip(paths, found, strict=True) if not picture]:
        told = f"{len(broken)} pictures cannot be opened: {', '.join(broken[:20])}"
        raise DataError(told, where=images, fix="Replace them.")
    return found
