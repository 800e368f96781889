"""A caption as HTML for a notebook: the picture, a box around each quote, and the caption whose quotes point at them.

In: text, quotes, reading, and the picture's file or bytes. Out: one element that loads nothing and runs nothing. Where
the picture cannot be opened any more, the boxes stand on an empty sheet of its size.
"""

from __future__ import annotations

import base64
import html
from collections.abc import Sequence

from memecap.errors import MemecapError
from memecap.pictures.jpeg import to_jpeg
from memecap.pictures.safe_open import open_picture
from memecap.quoting.quote import Quote
from memecap.reading.base import Reading

SIDE = 480  # pixels of the longer side, as drawn
COLOURS = ("#0b6e99", "#b3261e", "#2e7d32", "#7b1fa2", "#a65300", "#37474f")  # 4.5:1 on white


def to_html(text: str, quotes: Sequence[Quote], reading: Reading | None, picture: str | bytes | None) -> str:
    """The element; every text in it is escaped."""
    size = (reading.width, reading.height) if reading else (0, 0)
    image = ""
    if picture is not None:
        try:
            opened = open_picture(picture)
            size = size if all(size) else opened.size
            image = base64.b64encode(to_jpeg(opened, max_side=SIDE, quality=80)).decode()
        except MemecapError:
            image = ""
    figure = _figure(image, size, quotes, alt=text) if all(size) else ""
    return f'<div style="max-width:{SIDE}px;font-family:sans-serif">{figure}<p>{_marked(text, quotes)}</p></div>'


def _figure(image: str, size: tuple[int, int], quotes: Sequence[Quote], *, alt: str) -> str:
    width, height = size
    stroke = max(2.0, max(size) / 200)
    drawn = [f'<rect width="{width}" height="{height}" fill="#fff" stroke="#888" stroke-width="{stroke:g}"/>']
    if image:
        drawn = [f'<image width="{width}" height="{height}" href="data:image/jpeg;base64,{image}"/>']
    for number, quote in enumerate(quotes):
        if quote.box is None:
            continue
        x, y, right, bottom = quote.box
        sure = "" if quote.confidence is None else f", {quote.confidence:.0%}"
        place = f'x="{x}" y="{y}" width="{right - x}" height="{bottom - y}"'
        colour = COLOURS[number % len(COLOURS)]
        drawn.append(
            f'<rect {place} fill="{colour}" fill-opacity=".12" stroke="{colour}" stroke-width="{stroke:g}">'
            f"<title>{html.escape(quote.text)}{sure}</title></rect>"
        )
    label = html.escape(alt, quote=True)
    return (
        f'<svg role="img" aria-label="{label}" viewBox="0 0 {width} {height}" width="100%"'
        f' style="max-height:{SIDE}px">{"".join(drawn)}</svg>'
    )


def _marked(text: str, quotes: Sequence[Quote]) -> str:
    """The caption, each quote in the colour of its box."""
    parts, at = [], 0
    for number, quote in enumerate(quotes):
        found = text.find(quote.text, at) if quote.text else -1
        if found < 0:
            continue
        colour = COLOURS[number % len(COLOURS)] if quote.box else "inherit"
        parts += [html.escape(text[at:found]), f'<b style="color:{colour}">{html.escape(quote.text)}</b>']
        at = found + len(quote.text)
    return "".join([*parts, html.escape(text[at:])])
