"""People choose between two captions of a picture, without knowing whose they are.

In: two files of captions of the same pictures. Out: answers, a JSON line each, and their tally: the share of
wins with an interval, and how far judges agree.

An answer: judge, image_id, winner (a, b or tie).
Source: Wilson 1927 for the interval, a tie counting half; Cohen 1960 for agreement beyond chance.
"""

from __future__ import annotations

import math
import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

from memecap.errors import DataError
from memecap.predictions import Prediction

WINNERS = ("a", "b", "tie")
Z = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Pair:
    """One question: two captions of a picture, in the order they are shown."""

    image_id: str
    file_name: str
    first: str
    second: str
    order: str  # "ab" or "ba": whose caption stands first

    def winner(self, choice: str) -> str:
        """Who wins when a person chooses "1", "2" or "="."""
        return "tie" if choice == "=" else self.order[int(choice) - 1]


@dataclass(frozen=True, slots=True)
class Tally:
    """What the judges said: wins, the share of wins of a (ties count half) with its 95 % interval, agreement."""

    n: int
    a: int
    b: int
    tie: int
    win_rate: float
    low: float
    high: float
    judges: int
    agreement: float | None  # of two judges on a common picture
    kappa: float | None

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def pairs(a: Sequence[Prediction], b: Sequence[Prediction], *, n: int | None = None, seed: int = 0) -> list[Pair]:
    """Questions in a random order, sides drawn at random; pictures with equal captions are left out.

    Raises:
        DataError: the two files have no picture in common, or say the same of all.
    """
    theirs = {row.image_id: row for row in b}
    common = [(row, theirs[row.image_id]) for row in a if row.image_id in theirs]
    differing = [(x, y) for x, y in common if x.caption.strip() != y.caption.strip()]
    if not differing:
        fix = "Give captions of the same split by two systems."
        raise DataError(f"{len(common)} pictures in common, none with two different captions", fix=fix)
    draw = random.Random(seed)
    draw.shuffle(differing)
    found = []
    for x, y in differing[:n]:
        order = draw.choice(("ab", "ba"))
        first, second = (x, y) if order == "ab" else (y, x)
        file_name = str(x.rest.get("file_name", ""))
        found.append(Pair(x.image_id, file_name, first.caption, second.caption, order))
    return found


def tally(answers: Iterable[Mapping[str, Any]]) -> Tally:
    """Count answers; a judge's later answer to a question replaces the earlier. Raises `DataError` naming a bad row."""
    given: dict[tuple[str, str], str] = {}
    for number, answer in enumerate(answers, 1):
        if not {"judge", "image_id", "winner"} <= answer.keys() or answer["winner"] not in WINNERS:
            raise DataError("not an answer of `memecap judge`", where=f"row {number}", fix="Remove the row.")
        given[answer["judge"], answer["image_id"]] = answer["winner"]
    if not given:
        raise DataError("no answers yet", fix="Judge some captions first.")
    counts = Counter(given.values())
    rate, low, high = _wilson(counts["a"] + counts["tie"] / 2, len(given))
    agreement, kappa = _agreement(given)
    judges = len({judge for judge, _ in given})
    return Tally(len(given), counts["a"], counts["b"], counts["tie"], rate, low, high, judges, agreement, kappa)


def _wilson(wins: float, n: int) -> tuple[float, float, float]:
    share, spread = wins / n, Z * Z / n
    middle = (share + spread / 2) / (1 + spread)
    half = Z / (1 + spread) * math.sqrt(share * (1 - share) / n + spread / (4 * n))
    return share, max(0.0, middle - half), min(1.0, middle + half)


def _agreement(given: Mapping[tuple[str, str], str]) -> tuple[float | None, float | None]:
    """Over all pairs of judges and their common pictures: the share of equal answers, and Cohen's kappa."""
    by_picture: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for (judge, image_id), winner in given.items():
        by_picture[image_id][judge] = winner
    answers = [(found[x], found[y]) for found in by_picture.values() for x, y in combinations(sorted(found), 2)]
    if not answers:
        return None, None
    observed = sum(x == y for x, y in answers) / len(answers)
    left, right = Counter(x for x, _ in answers), Counter(y for _, y in answers)
    chance = sum(left[w] * right[w] for w in WINNERS) / len(answers) ** 2
    return observed, (observed - chance) / (1 - chance) if chance < 1 else None
