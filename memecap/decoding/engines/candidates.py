"""Ids that a search found → the candidates of each picture, best first.

C = B · candidates captions of T tokens; those of a picture stand together.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from jaxtyping import Float, Int
from torch import Tensor

from memecap.modeling.outputs import Caption, cut
from memecap.quoting.quote import Quote
from memecap.reading.base import Reading

#: a caption's ids and the picture's reading → its text and quotes
Write = Callable[[Sequence[int], Reading | None], tuple[str, tuple[Quote, ...]]]


def collect(
    ids: Int[Tensor, "C T"],
    log_probabilities: Float[Tensor, "C T"] | None,
    readings: Sequence[Reading | None],
    *,
    end_ids: Collection[int],
    score: Callable[[Sequence[Sequence[int]]], list[float]],
    write: Write,
) -> list[list[Caption]]:
    """Cut each row at its end, write it out, and put the candidates of a picture together.

    Where the search gave no log-probabilities (beam search) the rows come ordered, and `score` finds those of whole
    captions; other rows come in no order.
    """
    rows = [cut(row, end_ids) for row in ids]
    if log_probabilities is None:
        return in_order(rows, score([row for row, _ in rows]), readings, write)
    scores = [float(p[: len(row)].sum()) for p, (row, _) in zip(log_probabilities, rows, strict=True)]
    groups = in_order(rows, scores, readings, write)
    return [sorted(group, key=lambda caption: -(caption.log_probability or 0.0)) for group in groups]


def in_order(
    rows: Sequence[tuple[list[int], bool]], scores: Sequence[float], readings: Sequence[Reading | None], write: Write
) -> list[list[Caption]]:
    """The candidates of each picture in the order of the rows: (ids, whether the end was reached)."""
    n = len(rows) // len(readings)
    captions = [
        Caption(*write(row, readings[place // n]), score, finished, token_ids=tuple(row))
        for place, ((row, finished), score) in enumerate(zip(rows, scores, strict=True))
    ]
    return [captions[i * n : (i + 1) * n] for i in range(len(readings))]
