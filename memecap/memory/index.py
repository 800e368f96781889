"""One index over the features of all remembered pictures: asked features → their nearest neighbours, with faiss.

Exact below `EXACT` features, an inverted file with product quantisation (Jégou et al. 2011) above. It is a function of
what is remembered, not of the order it came in: rows are indexed in the order of their ids, and trained on a sample
that their ids choose.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from memecap.core import storage
from memecap.memory.features import WIDTH, Features

EXACT = 120_000  # features that are compared one by one
_LISTS_AT_MOST = 256  # squared: lists of the inverted file
_SAMPLE = 40  # features that a list is trained on
_BYTES = 32  # of a feature in the index
_BATCH = 65_536  # features added at once

Read = Callable[[int], Features]


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Of Q asked features, the K nearest remembered ones; where there are fewer, `rows` holds -1."""

    distances: NDArray[np.float32]  # [Q K], squared
    rows: NDArray[np.int64]  # [Q K], numbers of entries
    places: NDArray[np.int64]  # [Q K], which feature of the entry


class Index:
    """Which remembered features look like these."""

    def __init__(self, vectors: Any, numbers: NDArray[np.int64], starts: NDArray[np.int64]) -> None:
        self._vectors = vectors  # of faiss
        self.numbers = numbers  # [R] of entries
        self._starts = starts  # [R + 1], where an entry's features begin

    @classmethod
    def build(cls, rows: Iterable[tuple[int, int]], read: Read) -> Index:
        """From (number, n_features) of entries in the order of their ids, and what gives an entry's features."""
        import faiss

        pairs = np.array([pair for pair in rows if pair[1]], np.int64).reshape(-1, 2)
        starts = np.concatenate([[0], np.cumsum(pairs[:, 1])])
        total = int(starts[-1])
        if total <= EXACT:
            vectors = faiss.IndexFlatL2(WIDTH)
        else:
            vectors = _trained(_sample(pairs[:, 0], total, read), total)
        for batch in _batches(pairs[:, 0], read):
            vectors.add(batch)
        return cls(vectors, pairs[:, 0], starts)

    def search(self, asked: NDArray[np.float32], k: int) -> Neighbours:
        """The `k` nearest of each of [Q 128] asked descriptors."""
        if not len(asked) or not len(self.numbers):
            nothing = np.full((len(asked), k), -1, np.int64)
            return Neighbours(np.full(nothing.shape, np.inf, np.float32), nothing, nothing)
        distances, ids = self._vectors.search(np.ascontiguousarray(asked, np.float32), k)
        at = np.searchsorted(self._starts, ids, side="right") - 1
        missing = ids < 0
        rows, places = self.numbers[np.maximum(at, 0)], ids - self._starts[np.maximum(at, 0)]
        return Neighbours(distances, np.where(missing, -1, rows), np.where(missing, -1, places))

    def save(self, path: Path) -> None:
        """Two files, the second of which makes the first one whole."""
        import faiss

        with storage.atomic_writer(path, "wb") as file:
            faiss.write_index(self._vectors, file.name)
        with storage.atomic_writer(path.with_suffix(".npz"), "wb") as file:
            np.savez(file, numbers=self.numbers, starts=self._starts)

    @classmethod
    def load(cls, path: Path) -> Index | None:
        """None where it is gone or torn: it can be made anew."""
        import faiss

        try:
            with np.load(path.with_suffix(".npz")) as rows:
                numbers, starts = rows["numbers"], rows["starts"]
            vectors = faiss.read_index(str(path), faiss.IO_FLAG_MMAP)
        except (OSError, ValueError, KeyError, RuntimeError, BadZipFile):
            return None
        return cls(_ready(vectors), numbers, starts)


def _batches(numbers: NDArray[np.int64], read: Read) -> Iterator[NDArray[np.float32]]:
    waiting: list[NDArray[np.float32]] = []
    for number in numbers:
        waiting.append(read(int(number)).vectors)
        if sum(map(len, waiting)) >= _BATCH:
            yield np.concatenate(waiting)
            waiting = []
    if waiting:
        yield np.concatenate(waiting)


def _sample(numbers: NDArray[np.int64], total: int, read: Read) -> NDArray[np.float32]:
    """Features of rows that stand evenly among the ids, which are hashes."""
    n_rows = max(1, round(len(numbers) * min(1.0, _lists(total) * _SAMPLE / total)))
    chosen = np.linspace(0, len(numbers) - 1, n_rows).astype(np.int64)
    return np.concatenate(list(_batches(numbers[chosen], read)))


def _lists(total: int) -> int:
    """A square: about 4 √N."""
    return int(np.clip(2 * total**0.25, 8, _LISTS_AT_MOST)) ** 2


def _trained(sample: NDArray[np.float32], total: int) -> Any:
    import faiss

    centres = _centres(sample, round(_lists(total) ** 0.5))
    quantizer = faiss.IndexHNSWFlat(WIDTH, 16) if len(centres) > 4096 else faiss.IndexFlatL2(WIDTH)
    quantizer.add(centres)
    vectors = faiss.IndexIVFPQ(quantizer, WIDTH, len(centres), _BYTES, 8)
    vectors.by_residual = False
    vectors.quantizer_trains_alone = 2
    vectors.cp.niter = 1
    vectors.pq.cp.max_points_per_centroid = 128
    vectors.pq.cp.niter = 12
    vectors.train(sample)
    quantizer.this.disown()  # the index frees it
    vectors.own_fields = True
    return _ready(vectors)


def _centres(sample: NDArray[np.float32], root: int) -> NDArray[np.float32]:
    """`root`² centres in two steps, which costs a `root`-th of one."""
    coarse = _kmeans(sample, root)
    of = _nearest(sample, coarse)
    fine = [_kmeans(sample[of == i], root) if (of == i).sum() > root else sample[of == i] for i in range(root)]
    return np.concatenate(fine)


def _kmeans(sample: NDArray[np.float32], n: int) -> NDArray[np.float32]:
    import faiss

    means = faiss.Kmeans(WIDTH, n, niter=8, seed=1, min_points_per_centroid=1, max_points_per_centroid=10**9)
    means.train(np.ascontiguousarray(sample))
    return means.centroids


def _nearest(sample: NDArray[np.float32], centres: NDArray[np.float32]) -> NDArray[np.int64]:
    import faiss

    flat = faiss.IndexFlatL2(WIDTH)
    flat.add(centres)
    return flat.search(sample, 1)[1][:, 0]


def _ready(vectors: Any) -> Any:
    """How many lists are looked through."""
    if hasattr(vectors, "nprobe"):
        vectors.nprobe = 8
    return vectors
