"""The page of `memecap judge --scale`: one picture, one caption and three questions at a time.

The browser keeps the answers under the rating's key, so a reload loses none, and saves them as a file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from memecap.core import storage
from memecap.errors import DataError
from memecap.evaluation.judging import pictures_of
from memecap.evaluation.rating import QUESTIONS, Item, Rating, answers_of
from memecap.report.page import fill
from memecap.report.thumbnail import thumbnail

SIDE = 640  # pixels: a judge reads the small print


def write_page(path: Path, asked: Sequence[Item], *, images: Path | None, judge: str, rating: Rating, out: str) -> None:
    """Write the page, with the pictures under `images` where that is given. The page names no system to the judge.

    Raises:
        MissingFileError, DataError: pictures are not there, or cannot be opened; they are named.
    """
    pictures = _pictures(asked, images) if images else [""] * len(asked)
    items = [
        {"name": item.name, "caption": item.caption, "image": picture, "lines": answers_of(item, {}, judge, rating)}
        for item, picture in zip(asked, pictures, strict=True)
    ]
    questions = [{"name": name, "title": told[0], "low": told[1], "high": told[2]} for name, told in QUESTIONS.items()]
    told = {"key": rating.key(judge), "out": out, "scale": rating.scale, "questions": questions, "items": items}
    storage.write_text(path, fill("rate.html", "page.css", "rate.js", told | {"rating": asdict(rating)}))


def _pictures(asked: Sequence[Item], images: Path) -> list[str]:
    paths = pictures_of(asked, images)
    shown = {path: thumbnail(path, SIDE)[0] for path in dict.fromkeys(paths)}
    if broken := [str(path) for path, picture in shown.items() if not picture]:
        told = f"{len(broken)} pictures cannot be opened: {', '.join(broken[:20])}"
        raise DataError(told, where=images, fix="Replace them.")
    return [shown[path] for path in paths]
