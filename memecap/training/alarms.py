"""Signs that a captioner is collapsing, in words for the person who trains it.

A healthy captioner says different things of different pictures, ends its sentences, and loses when it is shown the
picture and the reading of another row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from memecap.training.progress import Record
from memecap.training.stage import Captioned

LEAST_DISTINCT = 0.3  # share of captions that nobody else has
MOST_LOOPED = 0.3  # share of captions that say some four words twice
LEAST_FINISHED = 0.5  # share of captions that reach the end token
LEAST_GAP = 0.01  # nats a token lost when it is told about another row


def collapse_alarms(scores: Record, captioned: Sequence[Captioned]) -> list[str]:
    """A sentence for each sign; none for a healthy captioner, or for fewer than ten captions."""
    found = []
    texts = [one.caption.text for one in captioned]
    if len(texts) >= 10:
        times = Counter(texts)
        distinct = len(times) / len(texts)
        finished = sum(one.caption.finished for one in captioned) / len(texts)
        looped = sum(map(_loops, texts)) / len(texts)
        if distinct < LEAST_DISTINCT:
            found.append(f"only {distinct:.0%} of its captions differ; the commonest: {times.most_common(1)[0][0]}")
        if finished < LEAST_FINISHED:
            found.append(f"only {finished:.0%} of its captions reach their end")
        if looped > MOST_LOOPED:
            found.append(f"{looped:.0%} of its captions repeat themselves")
    if scores.get("val_gap", LEAST_GAP) < LEAST_GAP:
        found.append("told about another row's picture and reading it does as well: it does not look")
    return found


def _loops(text: str) -> bool:
    words = text.split()
    grams = Counter(zip(words, words[1:], words[2:], words[3:], strict=False))
    return any(count > 1 for count in grams.values())
