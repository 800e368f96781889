"""Near-duplicate pairs among 64-bit picture hashes, without comparing each with each.

Two hashes at a distance of at most d agree on at least two of any d + 2 disjoint stretches of bits (pigeonholes), so
only hashes that share two stretches are compared: exact, and far from quadratic unless the pictures are all alike.
In: hashes, uint64 [N]. Out: pairs of their positions, int64 [P 2].
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, pairwise

import numpy as np

BITS = 64
CROWD = 16


def near_pairs(hashes: np.ndarray, distance: int) -> np.ndarray:
    """Enough pairs of positions at a Hamming distance ≤ `distance` to join every such two: equal hashes are chained."""
    unique, first, inverse = np.unique(hashes, return_index=True, return_inverse=True)
    order = np.argsort(inverse, kind="stable")
    same = inverse[order][1:] == inverse[order][:-1]
    found = [np.stack([order[:-1][same], order[1:][same]], axis=1)]
    if distance > 0:
        found += [first[pairs] for mask in _masks(distance) for pairs in _pairs_within(unique, mask, distance)]
    return np.unique(np.concatenate(found), axis=0)


def _masks(distance: int) -> list[np.uint64]:
    """Every union of two of the d + 2 stretches."""
    n_stretches = distance + 2
    edges = [round(BITS * i / n_stretches) for i in range(n_stretches + 1)]
    stretches = [(1 << high) - (1 << low) for low, high in pairwise(edges)]
    return [np.uint64(one | other) for one, other in combinations(stretches, 2)]


def _pairs_within(hashes: np.ndarray, mask: np.uint64, distance: int) -> Iterator[np.ndarray]:
    """The near pairs among hashes that agree under the mask, by comparing neighbours in sorted order."""
    keys = hashes & mask
    order = np.argsort(keys, kind="stable")
    keys, hashes = keys[order], hashes[order]
    left = np.arange(len(keys))
    step = 0
    while len(left):
        step += 1
        left = left[left + step < len(keys)]
        left = left[keys[left] == keys[left + step]]
        near = left[np.bitwise_count(hashes[left] ^ hashes[left + step]) <= distance]
        yield np.sort(np.stack([order[near], order[near + step]], axis=1), axis=1)


def near_views(hashes: np.ndarray, distance: int) -> np.ndarray:
    """Pictures of which some view of the one is near some view of the other; hashes, uint64 [N V] → pairs, [P 2].

    Where more than `CROWD` pictures share one hash, each is paired with that many of them: enough to chain repeats, and
    bounded where a thousand plain pictures have one hash.
    """
    unique, inverse = np.unique(hashes, return_inverse=True)
    held = np.unique(np.stack([inverse.ravel(), np.repeat(np.arange(len(hashes)), hashes.shape[1])], axis=1), axis=0)
    values, owners = held[:, 0], held[:, 1]
    first = np.searchsorted(values, np.arange(len(unique)))
    counts = np.minimum(np.diff(np.append(first, len(values))), CROWD)
    found = [
        np.stack([owners[:-step], owners[step:]], axis=1)[values[:-step] == values[step:]]
        for step in range(1, CROWD + 1)
    ]
    near = near_pairs(unique, distance)
    for one in range(CROWD):
        near = near[counts[near[:, 0]] > one]
        rest = near
        for other in range(CROWD):
            rest = rest[counts[rest[:, 1]] > other]
            found.append(np.stack([owners[first[rest[:, 0]] + one], owners[first[rest[:, 1]] + other]], axis=1))
    pairs = np.sort(np.concatenate(found), axis=1)
    return np.unique(pairs[pairs[:, 0] != pairs[:, 1]], axis=0)
