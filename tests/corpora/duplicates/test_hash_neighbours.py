"""Near-duplicate pairs against comparing each with each."""

from __future__ import annotations

import time

import numpy as np
import pytest

from memecap.corpora.duplicates.hash_neighbours import near_pairs, near_views


def components(n: int, pairs: list[tuple[int, int]]) -> list[int]:
    label = list(range(n))
    for one, other in pairs:
        low, high = sorted((label[one], label[other]))
        label = [low if value == high else value for value in label]
    return label


@pytest.mark.parametrize("distance", range(6))
def test_the_same_groups_as_comparing_all(distance: int) -> None:
    rng = np.random.default_rng(distance)
    seeds = rng.integers(0, 2**64, 40, dtype=np.uint64)
    flips = np.array(
        [sum(1 << int(bit) for bit in rng.choice(64, rng.integers(0, 7), replace=False)) for _ in range(400)]
    )
    hashes = seeds[rng.integers(0, 40, 400)] ^ flips.astype(np.uint64)
    every = [
        (i, j) for i in range(400) for j in range(i) if int(hashes[i] ^ hashes[j]).bit_count() <= distance
    ]  # fmt: skip
    found = [tuple(pair) for pair in near_pairs(hashes, distance).tolist()]
    assert components(400, found) == components(400, every)
    assert {tuple(sorted(pair)) for pair in found} <= {tuple(sorted(pair)) for pair in every}


@pytest.mark.parametrize("n", [0, 1])
def test_none_and_one(n: int) -> None:
    assert near_pairs(np.zeros(n, dtype=np.uint64), 4).shape == (0, 2)


def test_equal_hashes_make_a_chain_not_a_clique() -> None:
    assert len(near_pairs(np.full(1000, 7, dtype=np.uint64), 4)) == 999


def test_a_hundred_thousand_hashes_take_seconds() -> None:
    rng = np.random.default_rng(0)
    hashes = rng.integers(0, 2**64, 100_000, dtype=np.uint64)
    hashes[:1000] = hashes[1000:2000] ^ np.uint64(0b1011)
    begun = time.process_time()
    pairs = near_pairs(hashes, 4)
    assert time.process_time() - begun < 10
    assert {(i, i + 1000) for i in range(1000)} <= {tuple(sorted(pair)) for pair in pairs.tolist()}


def test_near_views_are_those_of_comparing_all() -> None:
    rng = np.random.default_rng(0)
    hashes = rng.integers(0, 2**64, (200, 3), dtype=np.uint64)
    for one, other in rng.integers(0, 200, (150, 2)):
        bits = rng.choice(64, rng.integers(0, 9), replace=False)
        hashes[one, rng.integers(3)] = hashes[other, rng.integers(3)] ^ np.uint64(sum(1 << int(bit) for bit in bits))
    every = {
        (i, j)
        for j in range(200)
        for i in range(j)
        if min(int(a ^ b).bit_count() for a in hashes[i] for b in hashes[j]) <= 6
    }
    assert {tuple(pair) for pair in near_views(hashes, 6).tolist()} == every


def test_a_crowd_of_one_hash_is_chained_within_bounds() -> None:
    pairs = near_views(np.full((2000, 4), 7, dtype=np.uint64), 6)
    assert len(pairs) < 2000 * 17
    assert {(i, i + 1) for i in range(1999)} <= {tuple(pair) for pair in pairs.tolist()}
    assert near_views(np.zeros((0, 4), dtype=np.uint64), 6).shape == (0, 2)
