"""People choose between two captions of a picture, without knowing whose they are.

In: two files of captions of the same pictures. Out: answers, a JSON line each, and their tally: the share of
wins with an interval, and how far judges agree.

An answer: judge, image_id, winner (a, b or tie), judging (the two systems, the hashes of their files, the seed).
Source: Wilson 1927 for the interval, a tie counting half, with the effective number of votes of Kish 1965; its variance
is that of a bootstrap of pictures (Davison & Hinkley 1997), for judges of one picture see the same thing.
Krippendorff 2011 for agreement beyond chance.
"""

from __future__ import annotations

import math
import random
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from memecap import storage
from memecap.errors import DataError, MissingFileError, UsageError
from memecap.predictions import Prediction

WINNERS = ("a", "b", "tie")
Z = 1.959963984540054
NAMED = 20  # pictures in one message


@dataclass(frozen=True, slots=True)
class Judging:
    """What is compared: two files of captions, and the seed of the questions. It stands in every answer."""

    a: str
    b: str
    a_sha256: str
    b_sha256: str
    seed: int

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    def key(self, judge: str) -> str:
        """A name for this judge's answers, the same whenever the same files are judged."""
        return storage.sha256_bytes(f"{self.a_sha256} {self.b_sha256} {self.seed} {judge}".encode())[:16]


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

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def identify(a: Path, b: Path, *, seed: int = 0) -> Judging:
    """The judging of two files of captions; files of one name are told apart by their folders."""
    ours, theirs = (path.stem if a.stem != b.stem else f"{path.resolve().parent.name}/{path.stem}" for path in (a, b))
    return Judging(ours, theirs, storage.sha256_file(a), storage.sha256_file(b), seed)


def pairs(
    a: Sequence[Prediction], b: Sequence[Prediction], *, n: int | None = None, seed: int = 0, judge: str = ""
) -> list[Pair]:
    """Questions about pictures with two different captions: the same pictures for every judge, in an order and with
    sides of the judge's own.

    Raises:
        DataError: the two files have no picture in common, or say the same of all.
    """
    theirs = {row.key: row for row in b}
    common = [(row, theirs[row.key]) for row in a if row.key in theirs]
    differing = [(x, y) for x, y in common if x.caption.strip() != y.caption.strip()]
    if not differing:
        fix = "Give captions of the same split by two systems."
        raise DataError(f"{len(common)} pictures in common, none with two different captions", fix=fix)
    random.Random(seed).shuffle(differing)
    chosen = differing[:n]
    draw = random.Random(f"{seed} {judge}")
    draw.shuffle(chosen)
    found = []
    for x, y in chosen:
        order = draw.choice(("ab", "ba"))
        first, second = (x, y) if order == "ab" else (y, x)
        file_name = str(x.rest.get("file_name") or y.rest.get("file_name") or "")
        found.append(Pair(x.image_id, file_name, first.caption, second.caption, order))
    return found


def answered(path: Path, judging: Judging, judge: str) -> set[str]:
    """The pictures that a judge has answered already in a file of answers.

    Raises:
        UsageError: the file answers another judging: A and B swapped, other captions, another seed.
        DataError: a row is no answer.
    """
    found, ours = set(), judging.to_json()
    for number, answer in enumerate(storage.read_jsonl(path) if path.exists() else (), 1):
        if not _is_answer(answer):
            raise DataError("not an answer of `memecap judge`", where=f"{path}, row {number}", fix="Remove the row.")
        theirs = answer.get("judging", {})
        changed = [name for name in ("a_sha256", "b_sha256", "seed") if theirs.get(name) != ours[name]]
        if changed:
            raise UsageError(
                f"the file holds answers about {_systems(theirs)}, seed {theirs.get('seed')}; "
                f"asked is {_systems(ours)}, seed {judging.seed}: another {', '.join(changed)}",
                where=path,
                fix="Name A and B in the order they had, with the same seed, or give another --out.",
            )
        if answer["judge"] == judge:
            found.add(answer["image_id"])
    return found


def pictures_of(questions: Iterable[Pair], images: Path) -> list[Path]:
    """The picture of each question. Raises `MissingFileError` that names those which are not there."""
    names = [question.file_name or question.image_id for question in questions]
    if missing := [name for name in names if not (images / name).is_file()]:
        more = f" and {len(missing) - NAMED} more" if len(missing) > NAMED else ""
        raise MissingFileError(
            f"{len(missing)} of {len(names)} pictures are not there: {', '.join(missing[:NAMED])}{more}",
            where=images,
            fix="Give the folder that the rows' file_name starts from: --images <corpus>/<split>.",
        )
    return [images / name for name in names]


def tally(answers: Iterable[Mapping[str, Any]]) -> Tally:
    """Count answers; a judge's later answer to a question replaces the earlier.

    Raises:
        DataError: a row is no answer (it is named), or answers compare different systems.
    """
    given: dict[tuple[str, str], str] = {}
    judging: Mapping[str, Any] | None = None
    for number, answer in enumerate(answers, 1):
        if not _is_answer(answer):
            raise DataError("not an answer of `memecap judge`", where=f"row {number}", fix="Remove the row.")
        if number == 1:
            judging = answer.get("judging")
        elif _compared(answer.get("judging")) != _compared(judging):
            raise DataError(
                f"answers compare different captions: {_systems(judging)}, then {_systems(answer.get('judging'))}",
                where=f"row {number}",
                fix="Count the answers to each comparison on their own.",
            )
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


def _is_answer(answer: Any) -> bool:
    return (
        isinstance(answer, Mapping)
        and isinstance(answer.get("judge"), str)
        and isinstance(answer.get("image_id"), str)
        and answer.get("winner") in WINNERS
        and isinstance(answer.get("judging", {}), Mapping)
    )


def _compared(judging: Mapping[str, Any] | None) -> Any:
    return None if not judging else (judging.get("a_sha256"), judging.get("b_sha256"))


def _systems(judging: Mapping[str, Any] | None) -> str:
    return "unnamed" if not judging else f"A {judging.get('a')}, B {judging.get('b')}"


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
