"""One index over the features of all remembered pictures: asked features → their nearest neighbours, with faiss.

A codebook (see codebook.py) and shards, each with the features of some entries, which are searched one after another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from memecap.memory import codebook
from memecap.memory.features import Features

EXACT = 120_000  # features up to which they are compared one by one
_BATCH = 65_536  # features added at once

Read = Callable[[int], Features]


@dataclass(frozen=True, slots=True)
class Rows:
    """Entries whose features are indexed, in their order."""

    numbers: NDArray[np.int64]  # [R]
    lengths: NDArray[np.int64]  # [R], features
    keys: NDArray[np.int64]  # [R], of the picture: a number may be another picture's in another memory

    @classmethod
    def of(cls, rows: Iterable[tuple[int, int, int]]) -> Rows:
        """From (number, n_features, key) of entries; those without features are left out."""
        table = np.array([row for row in rows if row[1]], np.int64).reshape(-1, 3)
        return cls(*np.ascontiguousarray(table.T))

    @property
    def total(self) -> int:
        return int(self.lengths.sum())

    @property
    def starts(self) -> NDArray[np.int64]:
        """[R + 1], where an entry's features begin."""
        return np.concatenate([[0], np.cumsum(self.lengths)])

    def chosen(self, which: Any) -> Rows:
        return Rows(self.numbers[which], self.lengths[which], self.keys[which])

    def plus(self, more: Rows) -> Rows:
        pairs = ((self.numbers, more.numbers), (self.lengths, more.lengths), (self.keys, more.keys))
        return Rows(*(np.concatenate(pair) for pair in pairs))

    def among(self, others: Rows) -> NDArray[np.bool_]:
        """[R]: which of these the others hold."""
        order = np.argsort(others.numbers)
        if not len(order):
            return np.zeros(len(self.numbers), np.bool_)
        at = order[np.minimum(np.searchsorted(others.numbers, self.numbers, sorter=order), len(order) - 1)]
        same = (others.numbers[at] == self.numbers) & (others.keys[at] == self.keys)
        return np.asarray(same & (others.lengths[at] == self.lengths), np.bool_)


@dataclass(frozen=True, slots=True)
class Shard:
    """The features of some entries, one after another."""

    rows: Rows
    vectors: Any  # of faiss
    starts: NDArray[np.int64]

    @classmethod
    def of(cls, rows: Rows, vectors: Any) -> Shard:
        return cls(rows, vectors, rows.starts)


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Of Q asked features, the K nearest remembered ones; where there are fewer, `rows` holds -1."""

    distances: NDArray[np.float32]  # [Q K], squared
    rows: NDArray[np.int64]  # [Q K], numbers of entries
    places: NDArray[np.int64]  # [Q K], which feature of the entry


class Index:
    """Which remembered features look like these."""

    def __init__(self, book: Any, shards: Sequence[Shard]) -> None:
        self.book = book  # see codebook.py
        self.shards = shards

    @classmethod
    def build(cls, rows: Rows, read: Read) -> Index:
        """In memory, as one shard."""
        book = train(rows, read)
        return cls(book, [grow(book, empty(book), rows, read)])

    def holds(self, rows: Rows) -> bool:
        """Whether it was made from these, whatever their order."""
        n = sum(len(shard.rows.numbers) for shard in self.shards)
        return n == len(rows.numbers) and all(shard.rows.among(rows).all() for shard in self.shards)

    def search(self, asked: NDArray[np.float32], k: int) -> Neighbours:
        """The `k` nearest of each of [Q 128] asked descriptors."""
        shards = [shard for shard in self.shards if len(shard.rows.numbers)]
        if not len(asked) or not shards:
            nothing = np.full((len(asked), k), -1, np.int64)
            return Neighbours(np.full(nothing.shape, np.inf, np.float32), nothing, nothing)
        asked = np.ascontiguousarray(asked, np.float32)
        found = codebook.search(self.book, [shard.vectors for shard in shards], asked, k)
        each = [_neighbours(shard, *near) for shard, near in zip(shards, found, strict=True)]
        if len(each) == 1:
            return each[0]
        distances, rows, places = (
            np.concatenate([getattr(near, name) for near in each], 1) for name in ("distances", "rows", "places")
        )
        order = np.argsort(np.where(rows < 0, np.inf, distances), 1, kind="stable")[:, :k]
        return Neighbours(*(np.take_along_axis(values, order, 1) for values in (distances, rows, places)))


def train(rows: Rows, read: Read) -> Any:
    """A codebook for the features of entries, exact for few."""
    if rows.total <= EXACT:
        return codebook.exact()
    share = min(1.0, codebook.n_lists(rows.total) * codebook.SAMPLE / rows.total)
    # entries that stand evenly among the ids, which are hashes
    chosen = np.linspace(0, len(rows.numbers) - 1, max(1, round(len(rows.numbers) * share))).astype(np.int64)
    return codebook.trained(np.concatenate(list(_batches(rows.numbers[chosen], read))), rows.total)


def grow(book: Any, shard: Shard, rows: Rows, read: Read) -> Shard:
    """The shard with the features of more entries, added in place."""
    for batch in _batches(rows.numbers, read):
        codebook.add(book, shard.vectors, batch)
    return Shard.of(shard.rows.plus(rows), shard.vectors)


def empty(book: Any) -> Shard:
    return Shard.of(Rows.of([]), codebook.shard(book))


def _batches(numbers: NDArray[np.int64], read: Read) -> Iterator[NDArray[np.float32]]:
    waiting: list[NDArray[np.float32]] = []
    n_waiting = 0
    for number in numbers:
        waiting.append(read(int(number)).vectors)
        n_waiting += len(waiting[-1])
        if n_waiting >= _BATCH:
            yield np.concatenate(waiting)
            waiting, n_waiting = [], 0
    if waiting:
        yield np.concatenate(waiting)


def _neighbours(shard: Shard, distances: NDArray[np.float32], ids: NDArray[np.int64]) -> Neighbours:
    at = np.maximum(np.searchsorted(shard.starts, ids, side="right") - 1, 0)
    missing = ids < 0
    rows, places = shard.rows.numbers[at], ids - shard.starts[at]
    return Neighbours(distances, np.where(missing, -1, rows), np.where(missing, -1, places))
