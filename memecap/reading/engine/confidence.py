"""How likely a line is right, and its language.

In: a row of words among the rows of its picture. Out: a probability, by logistic regression on what can be
counted of a row. Right means: at least three quarters of the row's words stand in the quotes of the picture's
description. `scripts/bench/fit_confidence.py` fits the weights on training memes, without those whose English text
the description translates.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from memecap.reading.base import Box, Line
from memecap.reading.engine.calibration import Weights
from memecap.reading.engine.layout import row_box
from memecap.reading.engine.merge import VOTE, Places, Row, overlap
from memecap.reading.engine.words import CYRILLIC, LATIN, bare, plausibility

# The weights of calibration.py are fitted with these; another value needs another fit.
SAME_HEIGHT = 0.7, 1.4  # heights of rows that keep a line company, in its own
COMPANY = 6  # letters of a row that counts as company
CLAMP = 0.02  # a confidence of 0 or 1 has no log-odds


def features(
    row: Row, rows: Sequence[Row], *, picture_height: int, n_passes: int, found: Places | None = None
) -> dict[str, float]:
    """What can be counted of a row; lengths of words in letters and digits weigh the means.

    Args:
        found: the words on lines that the detector found, where it looked too.
    """
    lengths = [max(len(bare(seen.word.text)), 1) for seen in row]
    n_letters = sum(lengths)
    text = " ".join(seen.word.text for seen in row)
    height = max(_height(row), 1)

    def mean(values: Sequence[float]) -> float:
        return sum(length * value for length, value in zip(lengths, values, strict=True)) / n_letters

    return {
        "constant": 1.0,
        "confidence": _log_odds(mean([seen.word.confidence for seen in row])),
        "min_confidence": _log_odds(min(seen.word.confidence for seen in row)),
        "letters": math.log(n_letters),
        "longest_word": math.log(max(lengths)),
        "known": mean([float(plausibility(seen.word.text) >= 1) for seen in row]),
        "votes": mean([seen.votes / n_passes for seen in row]),
        "latin": len(LATIN.findall(text)) / n_letters,
        "height": math.log(height / picture_height),
        "like_others": math.log1p(_letters_of_height(height, [other for other in rows if other is not row])),
        "found": mean([_is_found(seen.word.box, found) for seen in row]) if found is not None else 0.0,
    }


def probability(counted: Mapping[str, float], weights: Weights) -> float:
    """That a row with these features is right, 0..1."""
    return 1 / (1 + math.exp(-sum(weights.get(name, 0.0) * value for name, value in counted.items())))


def language(text: str) -> str:
    """`ru` or `en`, by the letters; Russian where there are none."""
    return "en" if len(LATIN.findall(text)) > len(CYRILLIC.findall(text)) else "ru"


def as_line(row: Row, sure: float) -> Line:
    """A row that is right with this probability, as it stands in a reading."""
    text = " ".join(seen.word.text for seen in row)
    return Line(text, row_box(row), round(sure, 3), language(text))


def _is_found(box: Box, found: Places) -> float:
    return float(any(overlap(box, word.box) > VOTE for word in found.near(box)))


def _letters_of_height(height: int, rows: Sequence[Row]) -> int:
    """Letters in longer rows whose height is about the same: text has company, dust has none."""
    lower, upper = SAME_HEIGHT
    counts = [sum(len(bare(seen.word.text)) for seen in row) for row in rows if lower < _height(row) / height < upper]
    return sum(count for count in counts if count >= COMPANY)


def _height(row: Row) -> int:
    box = row_box(row)
    return box[3] - box[1]


def _log_odds(share: float) -> float:
    share = min(max(share, CLAMP), 1 - CLAMP)
    return math.log(share / (1 - share))
