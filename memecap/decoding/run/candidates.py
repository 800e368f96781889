"""Ids from `generate` → the candidates of each picture, best first.

C = B · candidates captions of T tokens.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from jaxtyping import Float, Int
from torch import Tensor

from memecap.modeling.outputs import Caption, cut

#: (picture, ids, log-probability, whether the end was reached) → caption
Write = Callable[[int, list[int], float, bool], Caption]


def collect(
    ids: Int[Tensor, "C T"],
    log_probabilities: Float[Tensor, "C T"] | None,
    n_pictures: int,
    *,
    end_ids: Collection[int],
    score: Callable[[Sequence[Sequence[int]], int], list[float]],
    write: Write,
) -> list[list[Caption]]:
    """Cut each row at its end, write it out, and put the candidates of a picture together.

    Where the search gave no log-probabilities (beam search) the rows come ordered, and `score(rows, candidates of a
    picture)` finds them.
    """
    n_candidates = len(ids) // n_pictures
    cuts = [cut(row, end_ids) for row in ids]
    if log_probabilities is None:
        scores = score([row for row, _ in cuts], n_candidates)
    else:
        scores = [float(p[: len(row)].sum()) for p, (row, _) in zip(log_probabilities, cuts, strict=True)]
    captions = [
        write(place // n_candidates, row, scored, finished)
        for place, ((row, finished), scored) in enumerate(zip(cuts, scores, strict=True))
    ]
    groups = [captions[i * n_candidates : (i + 1) * n_candidates] for i in range(n_pictures)]
    if log_probabilities is not None:  # samples come in no order
        groups = [sorted(group, key=lambda caption: -(caption.log_probability or 0.0)) for group in groups]
    return groups
