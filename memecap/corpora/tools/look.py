"""A corpus → one HTML page for the eye: how much there is, lengths, words, scripts, sources, groups, samples.

The page holds its pictures and its style and loads nothing; it has no script. Rows stand in the order of a hash, so the
first ones of a split are as good a sample as any, and the page of an equal corpus is equal. In: a corpus. Out: HTML.
"""

from __future__ import annotations

import base64
import html
import io
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from urllib.parse import urlsplit

from PIL import Image

from memecap.core import progress, storage
from memecap.core.manifest import Corpus, Row
from memecap.corpora.build.card import left_out
from memecap.corpora.tools import look_alike
from memecap.corpora.tools.check import quantile, script_of
from memecap.errors import MemecapError
from memecap.pictures.safe_open import open_picture

PAGE = "look.html"
_THUMBNAIL = (360, 360)
_BINS = 24
_WORD = re.compile(r"[^\W\d_]{2,}")
_STYLE = """
:root { color-scheme: light dark; --ink: #1c1d21; --soft: #6b6f7a; --line: #dfe1e6; --ground: #f6f7f9; --card: #fff;
  --accent: #2f6f8f; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8e9ec; --soft: #9a9eaa; --line: #33363f; --ground: #16181c;
  --card: #1f2227; --accent: #6db3d3; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1180px; padding: 2rem 1.5rem 4rem; background: var(--ground); color: var(--ink);
  font: 15px/1.5 system-ui, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
h1 { margin: 0; font-size: 1.9rem; } h2 { margin: 2.4rem 0 .8rem; font-size: 1.15rem; }
p.note { margin: .2rem 0 0; color: var(--soft); }
.panels { columns: 300px; column-gap: 1rem; margin-top: 1.5rem; }
.panel, figure { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 1rem 1.2rem; }
.panel { margin-bottom: 1rem; break-inside: avoid; }
.panel h2 { margin: 0 0 .7rem; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th { text-align: left; color: var(--soft); font-weight: 500; } td, th { padding: .15rem .4rem .15rem 0; }
td + td, th + th { text-align: right; }
td.bar { width: 45%; padding-left: .6rem; } td.bar i { display: block; height: .65rem; border-radius: 3px;
  background: var(--accent); min-width: 1px; }
.histogram { display: flex; align-items: flex-end; gap: 2px; height: 120px; }
.histogram i { flex: 1; background: var(--accent); border-radius: 2px 2px 0 0; min-height: 1px; }
.axis { display: flex; justify-content: space-between; color: var(--soft); font-size: .85rem; margin-top: .3rem; }
.samples { columns: 260px; column-gap: 1rem; }
.beside { display: grid; grid-template-columns: repeat(auto-fill, minmax(240px, 1fr)); gap: 1rem; align-items: start;
  margin: .4rem 0 1.6rem; }
.beside figure { margin: 0; }
figure { margin: 0 0 1rem; break-inside: avoid; padding: 0; overflow: hidden; }
figure img { display: block; width: 100%; height: auto; }
figcaption { padding: .7rem .9rem; overflow-wrap: anywhere; } figcaption p { margin: 0 0 .4rem; }
figcaption small { color: var(--soft); }
"""


@dataclass(slots=True)
class _Tally:
    """What is counted over all captions."""

    captions: Counter[str] = field(default_factory=Counter)  # by split
    lengths: Counter[int] = field(default_factory=Counter)
    words: Counter[str] = field(default_factory=Counter)
    scripts: Counter[str] = field(default_factory=Counter)
    sources: Counter[str] = field(default_factory=Counter)


def look(corpus: Corpus, *, samples: int = 24, out: Path | None = None) -> Path:
    """Write the page with so many groups, near misses, and samples of each split.

    It goes into the corpus's folder when `out` is not given.
    """
    tally = _count(corpus)
    parts = [
        f"<h1>{html.escape(corpus.name)}</h1>",
        f'<p class="note">{html.escape(_subtitle(corpus))}</p>',
        '<div class="panels">',
        _panel("Rows", _splits(corpus, tally.captions)),
        _panel("Words in a caption", _histogram(tally.lengths)),
        _panel("Script of the captions", _bars(tally.scripts.most_common())),
        _panel("Most frequent words of five letters and more", _bars(tally.words.most_common(12))),
        _panel("Sources", _bars(tally.sources.most_common(12))),
        _panel("Left out", _bars(left_out(corpus.folder))),
        "</div>",
        look_alike.groups(corpus, partial(_figure, corpus), samples),
        look_alike.near_misses(corpus, partial(_figure, corpus), samples),
        *(_samples(corpus, split, samples) for split in corpus.counts),
    ]
    path = out or corpus.folder / PAGE
    storage.write_text(path, page(corpus.name, "\n".join(part for part in parts if part)))
    return path


def _count(corpus: Corpus) -> _Tally:
    tally = _Tally()
    for split, total in corpus.counts.items():
        for row in progress.track(corpus.rows(split), f"{corpus.name} {split}", total=total):
            tally.captions[split] += len(row.captions)
            tally.sources[_source(row)] += 1
            for caption in row.captions:
                words = _WORD.findall(caption.lower())
                tally.lengths[len(caption.split())] += 1
                tally.words.update(word for word in words if len(word) >= 5)
                tally.scripts[script_of(caption)] += 1
    return tally


def _source(row: Row) -> str:
    """The wall a post stands on, or the host of a picture."""
    if not row.source_url:
        return "no address"
    if wall := re.match(r"https://vk\.com/(wall-?\d+)_", row.source_url):
        return wall[1]
    return urlsplit(row.source_url).hostname or "no address"


def _subtitle(corpus: Corpus) -> str:
    known = [f"{key}: {corpus.details[key]}" for key in ("language", "licence") if corpus.details.get(key)]
    return " · ".join([f"{sum(corpus.counts.values()):,} rows", *known])


def _splits(corpus: Corpus, captions: Counter[str]) -> str:
    lines = [
        f"<tr><td>{html.escape(split)}</td><td>{n:,}</td><td>{captions[split]:,}</td></tr>"
        for split, n in corpus.counts.items()
    ]
    total = f"<tr><th>all</th><th>{sum(corpus.counts.values()):,}</th><th>{captions.total():,}</th></tr>"
    return f"<table><tr><th>split</th><th>rows</th><th>captions</th></tr>{''.join(lines)}{total}</table>"


def _histogram(lengths: Counter[int]) -> str:
    """Bars of equal width up to the 99th percentile; the last one holds everything longer."""
    if not lengths:
        return ""
    longest = quantile(lengths, 0.99)
    width = max(1, -(-(longest + 1) // _BINS))
    bins: Counter[int] = Counter()
    for length, n in lengths.items():
        bins[min(length // width, longest // width)] += n
    highest = max(bins.values())
    bars = "".join(
        f'<i style="height:{100 * bins[i] / highest:.1f}%" title="{i * width}–{(i + 1) * width - 1}: {bins[i]:,}"></i>'
        for i in range(longest // width + 1)
    )
    axis = f"<span>0</span><span>median {quantile(lengths, 0.5)}</span><span>{longest} and more</span>"
    return f'<div class="histogram">{bars}</div><div class="axis">{axis}</div>'


def _bars(counts: Iterable[tuple[str, int]]) -> str:
    counts = list(counts)
    highest = max((n for _, n in counts), default=0)
    lines = [
        f"<tr><td>{html.escape(name)}</td><td>{n:,}</td>"
        f'<td class="bar"><i style="width:{100 * n / highest:.1f}%"></i></td></tr>'
        for name, n in counts
    ]
    return f"<table>{''.join(lines)}</table>" if lines else '<p class="note">nothing</p>'


def _panel(title: str, content: str) -> str:
    return f'<section class="panel"><h2>{title}</h2>{content}</section>'


def _samples(corpus: Corpus, split: str, n: int) -> str:
    rows = [_figure(corpus, row) for row in islice(corpus.rows(split), n)]
    title = f"{html.escape(split)}: {len(rows)} of {corpus.counts[split]:,}"
    return f'<h2>{title}</h2><div class="samples">{"".join(rows)}</div>'


def _figure(corpus: Corpus, row: Row) -> str:
    captions = "".join(f"<p>{html.escape(caption)}</p>" for caption in row.captions)
    path = corpus.image_path(row)
    picture = thumbnail(path, alt=" ".join(row.captions)) if path else ""
    return f"<figure>{picture}<figcaption>{captions}<small>{html.escape(row.source_id)}</small></figcaption></figure>"


def thumbnail(path: Path, *, alt: str) -> str:
    """A small copy of a picture as an element of a page; words where it cannot be opened."""
    try:
        image = open_picture(path)
    except MemecapError as error:
        return f'<p class="note">{html.escape(error.what)}</p>'
    image.thumbnail(_THUMBNAIL, Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=80)
    code = base64.b64encode(buffer.getvalue()).decode()
    size = f'width="{image.width}" height="{image.height}"'
    return f'<img {size} alt="{html.escape(alt)}" src="data:image/jpeg;base64,{code}">'


def page(title: str, body: str) -> str:
    """A page around a body whose texts are escaped; it loads nothing and runs nothing."""
    policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head>\n'
        f"<body>\n{body}\n</body></html>\n"
    )
