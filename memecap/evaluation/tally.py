"""Answers of judges counted: the share of wins with an interval, and how far judges agree.

In: answers of `memecap judge`. Out: a `Tally`.

Source: Wilson 1927 for the interval, a tie counting half, with the effective number of votes of Kish 1965; its variance
is that of a bootstrap of pictures (Davison & Hinkley 1997), for judges of one picture see the same thing.
Krippendorff 2011 for agreement beyond chance.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from memecap.errors import DataError
from memecap.evaluation.judging import check_answer, systems_of

Z = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Tally:
    """What the judges said: wins, the share of wins of a (ties count half) with its 95 % interval, agreement."""

    n: int  # votes
    pictures: int
    a: int
    b: int
    tie: int
    win_rate: float
    low: float
    high: float
    judges: int
    agreement: float | None  # of two judges on a common picture
    alpha: float | None  # Krippendorff's; None where no picture has two judges, or all said the same
    judging: Mapping[str, Any] | None = None


def tally(answers: Iterable[Mapping[str, Any]]) -> Tally:
    """Count answers; a judge's later answer to a question replaces the earlier.

    Raises `DataError` where a row is no answer (it is named), or answers compare different systems.
    """
    given: dict[tuple[str, str], str] = {}
    judging: Mapping[str, Any] | None = None
    for number, answer in enumerate(answers, 1):
        check_answer(answer, f"row {number}")
        if number == 1:
            judging = answer.get("judging")
        elif _compared(answer.get("judging")) != _compared(judging):
            both = f"{systems_of(judging)}, then {systems_of(answer.get('judging'))}"
            fix = "Count the answers to each comparison on their own."
            raise DataError(f"answers compare different captions: {both}", where=f"row {number}", fix=fix)
        given[answer["judge"], answer["image_id"]] = answer["winner"]
    if not given:
        raise DataError("no answers yet", fix="Judge some captions first.")
    by_picture: defaultdict[str, list[str]] = defaultdict(list)
    for (_, image_id), winner in sorted(given.items()):
        by_picture[image_id].append(winner)
    units = list(by_picture.values())
    counts = Counter(given.values())
    return Tally(
        len(given), len(units), counts["a"], counts["b"], counts["tie"], *_win_rate(units),
        len({judge for judge, _ in given}), _agreement(units), alpha(units), judging,
    )  # fmt: skip


def alpha(units: Iterable[Sequence[Hashable]]) -> float | None:
    """Krippendorff's alpha of nominal values: of each unit, the values that its judges gave, as many as there were.

    None where no unit has two values, or all values are the same and agreement means nothing.
    """
    paired = [Counter(values) for values in units if len(values) > 1]
    totals: Counter[Hashable] = sum(paired, Counter())
    n = totals.total()
    expected = n * n - sum(count * count for count in totals.values())
    if not expected:
        return None
    differing = sum((m * m - sum(c * c for c in unit.values())) / (m - 1) for unit in paired if (m := unit.total()))
    return 1 - (n - 1) * differing / expected


def _compared(judging: Mapping[str, Any] | None) -> Any:
    return None if not judging else (judging.get("a_sha256"), judging.get("b_sha256"))


def _win_rate(units: Sequence[Sequence[str]]) -> tuple[float, float, float]:
    """The share of wins of a with its interval, pictures and not votes being the sample.

    The variance is that of a bootstrap that draws pictures with all their votes, in its closed form (exact where
    pictures have equally many votes). A share has the same variance in so many independent votes: their Wilson
    interval, which holds for few pictures and unanimous answers, where the bootstrap's percentiles do not.
    """
    wins = [sum({"a": 1.0, "tie": 0.5, "b": 0.0}[winner] for winner in unit) for unit in units]
    sizes = [len(unit) for unit in units]
    rate = sum(wins) / sum(sizes)
    variance = sum((won - rate * size) ** 2 for won, size in zip(wins, sizes, strict=True)) / sum(sizes) ** 2
    effective = min(sum(sizes), rate * (1 - rate) / variance) if variance > 0 else len(units)
    return _wilson(rate, effective)


def _wilson(share: float, n: float) -> tuple[float, float, float]:
    spread = Z * Z / n
    middle = (share + spread / 2) / (1 + spread)
    half = Z / (1 + spread) * math.sqrt(share * (1 - share) / n + spread / (4 * n))
    return share, max(0.0, middle - half), min(1.0, middle + half)


def _agreement(units: Iterable[Sequence[str]]) -> float | None:
    """The share of equal answers over all pairs of judges and their common pictures."""
    answers = [x == y for unit in units for x, y in combinations(unit, 2)]
    return sum(answers) / len(answers) if answers else None
