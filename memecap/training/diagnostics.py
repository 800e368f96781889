"""What a person should know: of a stage before it begins, `notes`, and of a captioner that collapses, `alarms`.

A healthy captioner says different things of different pictures, ends its sentences, and loses when it is shown the
picture and the reading of another row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from memecap.metrics.overlap.ngrams import loops
from memecap.training.progress import Record
from memecap.training.stage import Captioned, StageRun

MIN_CAPTIONS = 10  # captions from which a share says something
MIN_DISTINCT = 0.3  # different captions over captions
MAX_LOOPED = 0.3  # share of captions that say some four words twice
MIN_FINISHED = 0.5  # share of captions that reach the end token
MIN_GAP = 0.01  # nats per token lost when it is told about another row


def notes(run: StageRun) -> list[str]:
    """What is unusual about a stage's rows and what is done about it; none where all is as it should be."""
    found, stage, items = [], run.stage, run.train.items
    size = stage.batch_size * stage.accumulate
    if len(items) < size:
        found.append(f"{len(items)} train rows are fewer than a step of {size} examples takes: its batches are smaller")
    if not run.val.items:
        found.append("there are no val rows: nothing is measured, and the latest epoch counts as the best")
    if n_cut := run.train.n_cut:
        found.append(f"captions longer than the captioner takes are cut: {n_cut}")
    if stage.augment and (n_whole := sum(not item.photograph for item in items)):
        found.append(f"pictures that have text, or may have it unread, stay unmirrored and whole: {n_whole}")
    return found


def signs(captioned: Sequence[Captioned]) -> Record:
    """`val_distinct`, `val_looped`, `val_finished`, each 0..1."""
    texts = [one.caption.text for one in captioned]
    n = max(len(texts), 1)
    return {
        "val_distinct": len(set(texts)) / n,
        "val_looped": sum(map(loops, texts)) / n,
        "val_finished": sum(one.caption.finished for one in captioned) / n,
    }


def alarms(scores: Record, captioned: Sequence[Captioned]) -> list[str]:
    """A sentence for each bad sign; none for a healthy captioner."""
    found = []
    if len(captioned) >= MIN_CAPTIONS:
        seen = signs(captioned)
        if seen["val_distinct"] < MIN_DISTINCT:
            commonest = Counter(one.caption.text for one in captioned).most_common(1)[0][0]
            found.append(f"only {seen['val_distinct']:.0%} of its captions differ; the commonest: {commonest}")
        if seen["val_finished"] < MIN_FINISHED:
            found.append(f"only {seen['val_finished']:.0%} of its captions reach their end")
        if seen["val_looped"] > MAX_LOOPED:
            found.append(f"{seen['val_looped']:.0%} of its captions repeat themselves")
    if scores.get("val_gap", MIN_GAP) < MIN_GAP:
        found.append("told about another row's picture and reading it does as well: it does not look")
    return found
