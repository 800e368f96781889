"""A labelled corpus → one HTML page for the eye: captions that passed the gate, and those that did not, by reason.

The page holds small copies of its pictures and loads nothing; it has no script. Pictures stand in the order of their
hashes, so the first ones are as good a sample as any. In: what `memecap label` wrote. Out: HTML.
"""

from __future__ import annotations

import html
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from memecap.core import manifest, storage
from memecap.core.manifest import Corpus, Row, confined
from memecap.corpora.tools.look import page, thumbnail
from memecap.labelling.gate import REASONS
from memecap.labelling.label import REJECTED
from memecap.reading.base import Reading
from memecap.reading.stored.readings import load_readings

PAGE = "labels.html"


def write_page(source: Corpus, out: Path, *, samples: int = 24) -> Path:
    """Write the page of a labelled corpus; `source` has the pictures that were refused."""
    made, readings = manifest.open_corpus(out), load_readings(source.folder)
    rejected: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for record in storage.read_jsonl(out / REJECTED):
        rejected[record["reason"]].append(record)
    written = [row for split in made.counts for row in made.rows(split) if row.written_by]
    authors = ", ".join(sorted({row.written_by for row in written}))
    n_rejected = sum(map(len, rejected.values()))
    parts = [
        f"<h1>{html.escape(made.name)}</h1>",
        f'<p class="note">{len(written):,} captions by {html.escape(authors)}; {n_rejected:,} rejected</p>',
        _section("passed", "what the rows hold", [_accepted(made, row, readings) for row in _first(written, samples)]),
        *(
            _section(
                f"{reason}: {len(records):,}",
                REASONS.get(reason, ""),
                [_refused(source, record, readings) for record in records[:samples]],
            )
            for reason, records in sorted(rejected.items())
        ),
    ]
    storage.write_text(out / PAGE, page(made.name, "\n".join(parts)))
    return out / PAGE


def _first(rows: Sequence[Row], n: int) -> list[Row]:
    return sorted(rows, key=lambda row: row.image_id)[:n]


def _section(title: str, note: str, figures: Sequence[str]) -> str:
    said = f'<h2>{html.escape(title)}</h2><p class="note">{html.escape(note)}</p>'
    return f'{said}<div class="samples">{"".join(figures)}</div>'


def _accepted(corpus: Corpus, row: Row, readings: dict[str, Reading]) -> str:
    return _figure(corpus.image_path(row), " ".join(row.captions), readings.get(row.image_id))


def _refused(corpus: Corpus, record: dict[str, Any], readings: dict[str, Reading]) -> str:
    picture = confined(confined(corpus.folder, record["split"]), record["file_name"])
    return _figure(picture, record["caption"] or record["error"], readings.get(record["image_id"]))


def _figure(picture: Path | None, text: str, reading: Reading | None) -> str:
    seen = thumbnail(picture, alt=text) if picture else ""
    read = html.escape(reading.text) if reading and reading.lines else "nothing read"
    return f"<figure>{seen}<figcaption><p>{html.escape(text)}</p><small>{read}</small></figcaption></figure>"
