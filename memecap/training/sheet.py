"""The samples of a run → samples.html: val pictures with what the captioner said of them after each epoch.

The page holds small copies of its pictures and loads nothing; it is written anew after each epoch. In: the rows of
samples.jsonl, and where the pictures are. Out: HTML.
"""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from pathlib import Path

from memecap.core import storage
from memecap.corpora.tools.look import page, thumbnail
from memecap.training.progress import Record

PAGE = "samples.html"


def write_sheet(folder: Path, samples: Sequence[Record], pictures: Mapping[str, Path | None]) -> Path | None:
    """Write the page of a run folder, the newest caption of each picture first; None where there is no sample."""
    if not samples:
        return None
    said: dict[str, list[Record]] = {}
    for sample in samples:
        said.setdefault(sample["image_id"], []).append(sample)
    latest = samples[-1]
    place = f"stage {latest['stage']}, epoch {latest['epoch']}, step {latest['step']}"
    shown = [_figure(rows, pictures.get(image_id)) for image_id, rows in said.items() if image_id in pictures]
    parts = [
        f"<h1>{html.escape(folder.name)}</h1>",
        f'<p class="note">{html.escape(place)}</p>',
        f'<div class="samples">{"".join(shown)}</div>',
    ]
    storage.write_text(folder / PAGE, page(folder.name, "\n".join(parts)))
    return folder / PAGE


def _figure(rows: Sequence[Record], picture: Path | None) -> str:
    newest = rows[-1]
    seen = thumbnail(picture, alt=newest["caption"]) if picture else ""
    captions = "".join(
        f"<p><small>{html.escape(row['stage'])} {row['epoch']}</small> {html.escape(row['caption'])}</p>"
        for row in reversed(rows)
    )
    reading = f"<small>read: {html.escape(newest['reading'])}</small> " if newest["reading"] else ""
    told = f"{captions}{reading}<small>a person: {html.escape(newest['reference'])}</small>"
    return f"<figure>{seen}<figcaption>{told}</figcaption></figure>"
