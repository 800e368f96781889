"""People choose between two captions of a picture, without knowing whose they are.

In: two files of captions of the same pictures. Out: answers, a JSON line each, which `tally.py` counts.

An answer: judge, image_id, winner (a, b or tie), judging (the two systems, the hashes of their files, the seed).
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from memecap.core import shards, storage
from memecap.core.manifest import confined
from memecap.errors import DataError, MissingFileError, UsageError
from memecap.scoring.predictions import Prediction

WINNERS = ("a", "b", "tie")
NAMED = 20  # pictures in one message


class OfPicture(Protocol):
    """Whatever is asked about a picture."""

    @property
    def image_id(self) -> str: ...

    @property
    def file_name(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Judging:
    """What is compared: two files of captions, and the seed of the questions. It stands in every answer."""

    a: str
    b: str
    a_sha256: str
    b_sha256: str
    seed: int

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


def identify(a: Path, b: Path, *, seed: int = 0) -> Judging:
    """The judging of two files of captions; files of one name are told apart by their folders."""
    ours, theirs = (path.stem if a.stem != b.stem else f"{path.resolve().parent.name}/{path.stem}" for path in (a, b))
    return Judging(ours, theirs, storage.sha256_file(a), storage.sha256_file(b), seed)


def pairs(
    a: Sequence[Prediction], b: Sequence[Prediction], *, n: int | None = None, seed: int = 0, judge: str = ""
) -> list[Pair]:
    """Questions about pictures with two different captions: the same pictures for every judge, in an order and with
    sides of the judge's own.

    Raises `DataError` where the two files have no picture in common, or say the same of all.
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
    found, ours = set(), asdict(judging)
    for number, answer in enumerate(storage.read_jsonl(path) if path.exists() else (), 1):
        check_answer(answer, f"{path}, row {number}")
        theirs = answer.get("judging", {})
        changed = [name for name in ("a_sha256", "b_sha256", "seed") if theirs.get(name) != ours[name]]
        if changed:
            raise UsageError(
                f"the file holds answers about {systems_of(theirs)}, seed {theirs.get('seed')}; "
                f"asked is {systems_of(ours)}, seed {judging.seed}: another {', '.join(changed)}",
                where=path,
                fix="Name A and B in the order they had, with the same seed, or give another --out.",
            )
        if answer["judge"] == judge:
            found.add(answer["image_id"])
    return found


def pictures_of(questions: Iterable[OfPicture], images: Path) -> list[Path]:
    """The picture of each question. Raises `MissingFileError` that names those which are not there, `DataError`."""
    paths = [confined(images, question.file_name or question.image_id) for question in questions]
    if missing := [str(path.relative_to(images)) for path in paths if not shards.is_there(path)]:
        more = f" and {len(missing) - NAMED} more" if len(missing) > NAMED else ""
        what = f"{len(missing)} of {len(paths)} pictures are not there: {', '.join(missing[:NAMED])}{more}"
        fix = "Give the folder that the rows' file_name starts from: --images <corpus>/<split>."
        raise MissingFileError(what, where=images, fix=fix)
    return paths


def check_answer(answer: Any, where: str) -> Mapping[str, Any]:
    """A row of a file of answers. Raises `DataError` when it is none."""
    if (
        isinstance(answer, Mapping)
        and isinstance(answer.get("judge"), str)
        and isinstance(answer.get("image_id"), str)
        and answer.get("winner") in WINNERS
        and isinstance(answer.get("judging", {}), Mapping)
    ):
        return answer
    raise DataError("not an answer of `memecap judge`", where=where, fix="Remove the row.")


def systems_of(judging: Mapping[str, Any] | None) -> str:
    """The names of the systems that are compared."""
    return "unnamed" if not judging else f"A {judging.get('a')}, B {judging.get('b')}"
