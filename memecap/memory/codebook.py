"""Codebook: how a large index stores features. Trained once on a sample; shards of features share it.

A codebook is an empty index of faiss: exact, or an inverted file with product quantisation (Jégou et al. 2011).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from memecap.memory.features import WIDTH

SAMPLE = 40  # features that a list is trained on
N_PROBED = 8  # lists that are looked through
_LISTS_AT_MOST = 256  # squared: lists of the inverted file
_BYTES = 32  # of a feature in the index
_GRAPH = 4096  # lists above which the nearest are found by a graph


def n_lists(total: int) -> int:
    """A square: about 4 √N."""
    return int(np.clip(2 * total**0.25, 8, _LISTS_AT_MOST)) ** 2


def exact() -> Any:
    """Features are compared one by one."""
    import faiss

    return faiss.IndexFlatL2(WIDTH)


def trained(sample: NDArray[np.float32], total: int) -> Any:
    """For `total` features, a [S 128] sample of which is at hand."""
    import faiss

    centres = _centres(sample, round(n_lists(total) ** 0.5))
    quantizer = faiss.IndexHNSWFlat(WIDTH, 16) if len(centres) > _GRAPH else faiss.IndexFlatL2(WIDTH)
    quantizer.add(centres)
    codebook = _inverted(quantizer, len(centres))
    codebook.quantizer_trains_alone = 2
    codebook.cp.niter = 1
    codebook.pq.cp.max_points_per_centroid = 128
    codebook.pq.cp.niter = 12
    codebook.train(sample)
    return codebook


def shard(codebook: Any) -> Any:
    """An index for features; what a codebook knows is not kept in each of its shards, but for 128 kB."""
    if not is_quantised(codebook):
        return exact()
    made = _inverted(exact(), codebook.nlist)
    made.pq, made.is_trained = codebook.pq, True
    return made


def is_quantised(codebook: Any) -> bool:
    return hasattr(codebook, "pq")


def add(codebook: Any, vectors: Any, batch: NDArray[np.float32]) -> None:
    """Features [N 128] into a shard."""
    import faiss

    if not is_quantised(codebook):
        vectors.add(batch)
        return
    lists = np.ascontiguousarray(codebook.quantizer.search(batch, 1)[1][:, 0])
    vectors.add_core(len(batch), faiss.swig_ptr(batch), None, faiss.swig_ptr(lists))


def search(
    codebook: Any, shards: list[Any], asked: NDArray[np.float32], k: int
) -> list[tuple[NDArray[np.float32], NDArray[np.int64]]]:
    """Squared distances and numbers [Q K] of the nearest in each shard; -1 where there are fewer."""
    if not is_quantised(codebook):
        return [each.search(asked, k) for each in shards]
    near, lists = codebook.quantizer.search(asked, min(N_PROBED, codebook.nlist))
    found = []
    for each in shards:
        each.nprobe = lists.shape[1]
        found.append(each.search_preassigned(asked, k, lists, near))
    return found


def _inverted(quantizer: Any, lists: int) -> Any:
    import faiss

    made = faiss.IndexIVFPQ(quantizer, WIDTH, lists, _BYTES, 8)
    made.by_residual = False
    quantizer.this.disown()  # the index frees it
    made.own_fields = True
    return made


def _centres(sample: NDArray[np.float32], root: int) -> NDArray[np.float32]:
    """`root`² centres in two steps, which costs a `root`-th of one."""
    coarse = _kmeans(sample, root)
    flat = exact()
    flat.add(coarse)
    of = flat.search(sample, 1)[1][:, 0]
    fine = [_kmeans(sample[of == i], root) if (of == i).sum() > root else sample[of == i] for i in range(root)]
    return np.concatenate(fine)


def _kmeans(sample: NDArray[np.float32], n: int) -> NDArray[np.float32]:
    import faiss

    means = faiss.Kmeans(WIDTH, n, niter=8, seed=1, min_points_per_centroid=1, max_points_per_centroid=10**9)
    means.train(np.ascontiguousarray(sample))
    return np.asarray(means.centroids, np.float32)
