"""The page of `memecap judge`: one picture and two captions at a time; answers are saved as a file by the browser."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from memecap import storage
from memecap.judging import Pair
from memecap.report import _content, _page

SIDE = 640  # pixels: a judge reads the small print


def write_page(path: Path, questions: Sequence[Pair], *, images: Path | None, judge: str) -> None:
    """Write the page; pictures are looked for under `images`, and left out where they are not there."""
    pictures = [_content.thumbnail(images / pair.file_name, SIDE)[0] if images else "" for pair in questions]
    pairs = [{**asdict(pair), "image": picture} for pair, picture in zip(questions, pictures, strict=True)]
    page = _page.fill("judge.html", "page.css", "judge.js", {"judge": judge, "pairs": pairs})
    storage.write_text(path, page)
