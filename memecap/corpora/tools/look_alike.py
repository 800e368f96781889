"""Groups and near misses of a corpus, side by side: what was joined, and what just was not.

In: a corpus, and how to show a row. Out: HTML, empty where there is nothing to show. 2 kB a picture are held in memory.
"""

from __future__ import annotations

import html
from collections import Counter, defaultdict
from collections.abc import Callable, Container

from memecap.core.manifest import Corpus, Row
from memecap.corpora.build import journal_fingerprints
from memecap.corpora.duplicates.fingerprint import unpack
from memecap.corpora.duplicates.near_duplicates import near_duplicates

NEAR_MISS = 0.15  # share of parts that agree in a near miss; unlike pictures agree in none
_AT_MOST = 12  # pictures of one group on the page

Show = Callable[[Row], str]


def groups(corpus: Corpus, show: Show, n: int) -> str:
    """The largest groups of more than one row."""
    sizes = Counter(row.group_id for split in corpus.counts for row in corpus.rows(split))
    several = {group: size for group, size in sizes.most_common() if size > 1}
    rows: dict[str, list[Row]] = defaultdict(list)
    for row in _rows(corpus, list(several)[:n], key=lambda row: row.group_id):
        rows[row.group_id].append(row)
    parts = [
        _beside(f"{size:,} rows in {rows[group][0].split}", rows[group][:_AT_MOST], show)
        for group, size in list(several.items())[:n]
    ]
    return f"<h2>Groups of more than one row: {len(parts)} of {len(several):,}</h2>{''.join(parts)}" if parts else ""


def near_misses(corpus: Corpus, show: Show, n: int) -> str:
    """The pairs of different groups that agree most; where they stand in two splits, a leak if the eye says so."""
    known = list(journal_fingerprints.stored(corpus))
    prints = unpack(content for _, content in known)
    found = near_duplicates(prints["phash"], prints["dhash"], prints.__getitem__, threshold=NEAR_MISS)
    pairs = [(share, known[one][0], known[other][0]) for one, other, share in found]
    held = {image_id for _, *both in pairs for image_id in both}
    rows = {row.image_id: row for row in _rows(corpus, held, key=lambda row: row.image_id)}
    apart = [
        (share, rows[one], rows[other])
        for share, one, other in sorted(pairs, reverse=True)
        if one in rows and other in rows and rows[one].group_id != rows[other].group_id
    ]
    parts = [
        _beside(f"{share:.0%} agree, {one.split} and {other.split}", [one, other], show)
        for share, one, other in apart[:n]
    ]
    return f"<h2>Alike and in different groups: {len(parts)} of {len(apart):,}</h2>{''.join(parts)}" if parts else ""


def _rows(corpus: Corpus, wanted: Container[str], *, key: Callable[[Row], str]) -> list[Row]:
    return [row for split in corpus.counts for row in corpus.rows(split) if key(row) in wanted]


def _beside(title: str, rows: list[Row], show: Show) -> str:
    return f'<p class="note">{html.escape(title)}</p><div class="beside">{"".join(show(row) for row in rows)}</div>'
