"""Pictures and what a memory finds on them → one HTML page for the eye: side by side, the places that agree joined.

The page holds its pictures and its style, loads nothing and has no script; links at each pair lead to the next by
keyboard. A memory keeps no picture, so the remembered one is shown where a corpus that has it is named.
"""

from __future__ import annotations

import html
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from memecap.core import storage
from memecap.core.manifest import Corpus
from memecap.memory.memory import Memory
from memecap.memory.recall import Explained
from memecap.memory.recollection import Box, Recollection
from memecap.pictures.safe_open import open_picture
from memecap.report.thumbnail import thumbnail

_DRAWN = 80  # places of a pair that are joined
_STYLE = """
:root { color-scheme: light dark; --ink: #1c1d21; --soft: #646874; --line: #dfe1e6; --ground: #f6f7f9; --card: #fff;
  --accent: #c2185b; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8e9ec; --soft: #a5a9b5; --line: #33363f; --ground: #16181c;
  --card: #1f2227; --accent: #ff6f9f; } }
body { margin: 0 auto; max-width: 1000px; padding: 2rem 1.5rem 4rem; background: var(--ground); color: var(--ink);
  font: 15px/1.5 system-ui, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 1rem 1.2rem;
  margin: 1rem 0; }
h1 { font-size: 1.7rem; margin: 0; } h2 { font-size: 1.05rem; margin: 0 0 .6rem; }
p { margin: .3rem 0; overflow-wrap: anywhere; } .note, dt { color: var(--soft); }
svg { width: 100%; height: auto; display: block; } dl { display: grid; grid-template-columns: max-content 1fr;
  gap: .1rem .8rem; margin: .6rem 0; } dd { margin: 0; overflow-wrap: anywhere; }
line { stroke: var(--accent); stroke-width: 1; opacity: .55; } circle { fill: var(--accent); }
rect.shown { fill: none; stroke: #1e88e5; stroke-width: 3; }
rect.other { fill: none; stroke: #fb8c00; stroke-width: 3; stroke-dasharray: 6 4; }
rect.absent { fill: var(--ground); stroke: var(--line); } text { fill: var(--soft); font-size: 14px; }
a { color: inherit; } a:focus-visible { outline: 3px solid var(--accent); }
"""


@dataclass(frozen=True, slots=True)
class Asked:
    """A picture to ask about."""

    path: Path
    boxes: Sequence[Box]  # of its text
    exclude: Collection[str]
    caption: str  # its own description, where it has one


def page(memory: Memory, asked: Iterable[Asked], corpora: Sequence[Corpus], out: Path, *, samples: int = 200) -> Path:
    """Write the page of the first `samples` pictures that are known."""
    n_asked, found = 0, list[tuple[Asked, Explained]]()
    for each in asked:
        n_asked += 1
        known = memory.explain(open_picture(each.path), each.boxes, exclude=each.exclude, at_most=1)
        found += [(each, explained) for explained in known]
    found.sort(key=lambda item: (-item[1].recollection.confidence, str(item[0].path)))
    shown = list(islice(found, samples))
    pictures = _pictures(corpora, {each.recollection.image_id for _, each in shown})
    parts = [_section(n, len(shown), *item, pictures) for n, item in enumerate(shown, 1)]
    note = f"{len(found):,} of {n_asked:,} pictures are known to a memory of {len(memory):,}; {len(shown):,} are shown"
    storage.write_text(out, _page(f'<h1>Recollections</h1><p class="note">{note}.</p>{"".join(parts)}'))
    return out


def _pictures(corpora: Sequence[Corpus], wanted: Collection[str]) -> dict[str, Path]:
    """Where the remembered pictures lie, by image id."""
    return {
        row.image_id: path
        for corpus in corpora
        for split in corpus.counts
        for row in corpus.rows(split)
        if row.image_id in wanted and (path := corpus.image_path(row))
    }


def _section(number: int, total: int, asked: Asked, found: Explained, pictures: dict[str, Path]) -> str:
    recollection = found.recollection
    written = f"{recollection.written_by}, {recollection.corpus} {recollection.split}"
    facts = {
        "asked": asked.path.name,
        "its description": asked.caption,
        "remembered": recollection.captions[0],
        "written by": " · ".join(filter(None, (written, recollection.source_url, recollection.licence))),
    }
    listed = "".join(f"<dt>{name}</dt><dd>{html.escape(text)}</dd>" for name, text in facts.items() if text)
    way = "mirrored, " if recollection.mirrored else ""
    title = (
        f"{number}. {recollection.confidence:.1%} sure, {way}{recollection.inliers} places, "
        f"{recollection.covered:.0%} covered"
    )
    last = f'<a href="#p{number + 1}">next</a>' if number < total else '<a href="#p1">to the first</a>'
    drawing = _drawing(asked, found, pictures.get(recollection.image_id))
    return f'<section id="p{number}"><h2>{title}</h2>{drawing}<dl>{listed}</dl>{last}</section>'


def _drawing(asked: Asked, found: Explained, remembered: Path | None) -> str:
    """Both pictures with what agrees on them, as one SVG."""
    recollection = found.recollection
    left, (width, height) = thumbnail(asked.path)
    right, (wide, high) = thumbnail(remembered) if remembered else ("", (0, 0))
    zoom = _zoom(asked.path, width)
    parts = [_image(left, 0, width, height, f"the asked picture: {asked.caption or asked.path.name}")]
    start = width + 20
    if remembered:
        parts.append(_image(right, start, wide, high, f"the remembered picture: {recollection.captions[0]}"))
        near = _zoom(remembered, wide)
        step = max(1, len(found.here) // _DRAWN)
        for (x, y), (u, v) in zip(found.here[::step] * zoom, found.there[::step] * near, strict=True):
            parts.append(f'<line x1="{x:.0f}" y1="{y:.0f}" x2="{start + u:.0f}" y2="{v:.0f}"/>')
    else:
        wide, high = 240, 60
        parts.append(f'<rect class="absent" x="{start}" width="{wide}" height="{high}"/>')
        parts.append(f'<text x="{start + 12}" y="34">the memory holds no picture</text>')
    parts += [f'<circle cx="{x:.0f}" cy="{y:.0f}" r="2"/>' for x, y in found.here * zoom]
    parts.append(_rect(recollection.box, zoom, "shown"))
    parts += [_rect(box, zoom, "other") for box in recollection.differs]
    label = html.escape(_label(recollection))
    size = f'viewBox="0 0 {start + wide} {max(height, high, 1)}"'
    return f'<svg role="group" aria-label="{label}" {size}>{"".join(parts)}</svg>'


def _label(found: Recollection) -> str:
    return f"{found.inliers} places of the asked picture joined with the same places of the remembered one"


def _zoom(path: Path, width: int) -> float:
    return width / open_picture(path).width if width else 0.0


def _image(address: str, x: int, width: int, height: int, alt: str) -> str:
    if not address:
        return ""
    named = f'role="img" aria-label="{html.escape(alt)}"'
    return f'<image {named} x="{x}" width="{width}" height="{height}" href="{address}"/>'


def _rect(box: Box, zoom: float, name: str) -> str:
    left, top, right, bottom = (value * zoom for value in box)
    return f'<rect class="{name}" x="{left:.0f}" y="{top:.0f}" width="{right - left:.0f}" height="{bottom - top:.0f}"/>'


def _page(body: str) -> str:
    policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Recollections</title>'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head>\n'
        f"<body>\n{body}\n</body></html>\n"
    )
