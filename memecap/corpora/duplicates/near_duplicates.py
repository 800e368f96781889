"""Near-duplicates among fingerprints: a wide net of hashes, and each pair in it laid upon one another.

In: the hashes of all pictures, and a way to fetch fingerprints by position, so that not all need be in memory.
Out: pairs with their similarity.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from memecap.corpora.duplicates.alignment import similarity
from memecap.corpora.duplicates.hash_neighbours import near_views

RADIUS = 8  # bits of 64: every change that a picture must survive stays within 6 in the pHash or in the dHash
_BATCH = 1024


def near_duplicates(
    phash: np.ndarray, dhash: np.ndarray, fetch: Callable[[np.ndarray], np.ndarray], *, threshold: float
) -> Iterator[tuple[int, int, float]]:
    """Positions of two pictures and their similarity where it is at least `threshold`.

    Args:
        phash, dhash: the hashes of all views, uint64 [N V].
        fetch: positions → their fingerprints, `DTYPE` [P].
    """
    pairs = np.unique(np.concatenate([near_views(hashes, RADIUS) for hashes in (phash, dhash)]), axis=0)
    for start in range(0, len(pairs), _BATCH):
        part = pairs[start : start + _BATCH]
        found = similarity(fetch(part[:, 0]), fetch(part[:, 1]))
        for (one, other), share in zip(part.tolist(), found.tolist(), strict=True):
            if share >= threshold:
                yield one, other, share
