"""From the columns of a network that learnt by CTC to words and where they stand.

In: (T, C) probabilities of each column, index 0 the blank. Out: the words of the most likely path.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from memecap.reading.recognisers.base import Piece


def pieces(likely: NDArray[np.float32], letters: Sequence[str], *, share: float = 1.0) -> list[Piece]:
    """The words of a line.

    Args:
        letters: of each index; "" is the blank, " " parts words.
        share: of the columns that the line takes; the rest is padding.
    """
    best, sure = likely.argmax(1), likely.max(1)
    n_columns = max(len(best) * share, 1.0)
    words: list[list[tuple[str, int, float]]] = [[]]
    before = 0
    for column, (index, value) in enumerate(zip(best.tolist(), sure.tolist(), strict=True)):
        letter = letters[index] if index else ""
        if letter.isspace():
            words.append([])
        elif letter and index != before:
            words[-1].append((letter, column, value))
        before = index
    return [_piece(word, n_columns) for word in words if word]


def _piece(word: Sequence[tuple[str, int, float]], n_columns: float) -> Piece:
    text = "".join(letter for letter, _, _ in word)
    half = 0.5 + (word[-1][1] - word[0][1]) / max(2 * len(word) - 2, 1) if len(word) > 1 else 1.0
    left = min(max((word[0][1] + 0.5 - half) / n_columns, 0.0), 0.999)
    right = min(max((word[-1][1] + 0.5 + half) / n_columns, left + 0.001), 1.0)
    return Piece(text, left, right, float(np.mean([value for _, _, value in word])))
