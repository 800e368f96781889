"""The order of an epoch: complete, repeatable, and the same examples in a window however it is cut."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from memecap.core.config import validate
from memecap.training import sampling
from memecap.training.config import StageConfig

LENGTHS = [[[5, 9], [3], [8, 1, 2]] * 20, [[4]] * 30]


def stage(**changes: Any) -> StageConfig:
    values = {"name": "s", "corpora": ["a", "b"], "epochs": 3, "batch_size": 8, "lr": 1e-3}
    return validate(StageConfig, values | changes, where="test")


def drawn(windows: list[sampling.AccumulationWindow]) -> Counter[tuple[int, int]]:
    return Counter((index.item, index.caption) for window in windows for batch in window for index in batch)


@pytest.mark.parametrize("buckets", [True, False])
def test_an_epoch_shows_each_caption_once(buckets: bool) -> None:
    counts = drawn(sampling.windows(LENGTHS, stage(length_buckets=buckets), [0, 0, 0]))
    assert len(counts) == 150
    assert set(counts.values()) == {1}


def test_one_caption_of_each_item_changes_with_the_epoch() -> None:
    epochs = [drawn(sampling.windows(LENGTHS, stage(captions="one"), [0, 0, epoch])) for epoch in range(2)]
    for counts in epochs:
        assert sorted(item for item, _ in counts) == list(range(90))
    assert epochs[0] != epochs[1]


def test_the_order_follows_from_the_seed_alone() -> None:
    first = sampling.windows(LENGTHS, stage(), [7, 0, 1])
    assert first == sampling.windows(LENGTHS, stage(), [7, 0, 1])
    assert first != sampling.windows(LENGTHS, stage(), [7, 0, 2])
    assert first != sampling.windows(LENGTHS, stage(), [8, 0, 1])


def test_accumulation_cuts_the_same_windows() -> None:
    whole = sampling.windows(LENGTHS, stage(batch_size=16), [0])
    parts = sampling.windows(LENGTHS, stage(batch_size=4, accumulate=4), [0])
    assert [[index for batch in window for index in batch] for window in parts] == [window[0] for window in whole]
    assert all(len(batch) <= 4 for window in parts for batch in window)


def test_buckets_save_padding() -> None:
    lengths = [[[k % 50 + 1] for k in range(2000)]]

    def padding(buckets: bool) -> int:
        config = stage(corpora=["a"], length_buckets=buckets)
        batches = [batch for window in sampling.windows(lengths, config, [0]) for batch in window]
        sizes = [[lengths[0][index.item][0] for index in batch] for batch in batches]
        return sum(max(size) * len(size) - sum(size) for size in sizes)

    assert padding(True) < padding(False) / 5


@pytest.mark.parametrize(("weight", "times"), [(2, {2}), (1, {1}), (0.5, {1})])
def test_weights_mix_corpora(weight: float, times: set[int]) -> None:
    config = stage(corpora=["a", {"name": "b", "weight": weight}])
    counts = drawn(sampling.windows(LENGTHS, config, [0]))
    of_b = {item: n for (item, _), n in counts.items() if item >= 60}
    assert sum(of_b.values()) == 30 * weight
    assert set(of_b.values()) == times
    assert sum(counts.values()) == sampling.n_examples(LENGTHS, config)


def test_steps() -> None:
    assert sampling.n_windows(LENGTHS, stage()) == 19  # 150 examples, 8 a window
    assert sampling.n_steps(LENGTHS, stage()) == 57
    assert sampling.n_steps(LENGTHS, stage(epochs=None, steps=5)) == 5
    assert len(sampling.windows(LENGTHS, stage(batch_size=4, accumulate=2), [0])) == 19


def test_a_corpus_of_one_row() -> None:
    windows = sampling.windows([[[3]]], stage(corpora=["a"], batch_size=32), [0])
    assert [[len(batch) for batch in window] for window in windows] == [[1]]
