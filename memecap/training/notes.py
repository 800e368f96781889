"""What a person should know of a stage before it begins: what is unusual about its rows, and what is done about it."""

from __future__ import annotations

from collections.abc import Sequence

from memecap.captioners.base import TrainableCaptioner
from memecap.training.config import StageConfig
from memecap.training.items import Item

MAX_TRIED = 1000  # of the longest captions


def notes(captioner: TrainableCaptioner, stage: StageConfig, train: Sequence[Item], val: Sequence[Item]) -> list[str]:
    """Sentences; none where all is as it should be."""
    found = []
    size = stage.batch_size * stage.accumulate
    if len(train) < size:
        found.append(f"{len(train)} train rows are fewer than a step of {size} examples takes: its batches are smaller")
    if not val:
        found.append("there are no val rows: nothing is measured, and the latest epoch counts as the best")
    if n_cut := count_cut(captioner, train):
        found.append(f"captions longer than the captioner takes are cut: {n_cut}")
    if stage.augment and (n_whole := sum(not item.photograph for item in train)):
        found.append(f"pictures that have text, or may have it unread, stay unmirrored and whole: {n_whole}")
    return found


def count_cut(captioner: TrainableCaptioner, items: Sequence[Item]) -> int:
    """Captions of which the captioner learns the beginning only, counted among the longest."""
    longest = sorted({caption for item in items for caption in item.captions}, key=len, reverse=True)[:MAX_TRIED]
    return sum(captioner.tokenizer.end_id not in captioner.example(caption).token_ids[-1:] for caption in longest)
