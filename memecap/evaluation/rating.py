"""People rate captions one at a time, without knowing whose they are: is it right, is it complete, is it invented?

In: files of captions of any number of systems. Out: answers, a JSON line each, which `people.py` compares with metrics.

An answer: judge, image_id, system, caption_sha256, a whole number from 1 to `scale` for each question, scale, rating
(the systems with the hashes of their files, the seed). `invented` counts upwards: 1 is nothing, `scale` is everything.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from memecap.core import storage
from memecap.errors import DataError, UsageError
from memecap.scoring.predictions import Prediction

SCALE = 5
#: the three questions, with what their ends mean, in the order they are asked
QUESTIONS = {
    "right": ("Верно?", "всё неверно", "всё верно"),
    "complete": ("Полно?", "важного нет", "названо всё важное"),
    "invented": ("Выдумано?", "ничего", "почти всё"),
}


@dataclass(frozen=True, slots=True)
class Rating:
    """What is rated: the systems with the hashes of their files, and the seed. It stands in every answer."""

    systems: Mapping[str, str]
    seed: int
    scale: int

    def key(self, judge: str) -> str:
        """A name for this judge's answers, the same whenever the same files are rated."""
        files = " ".join(sorted(self.systems.values()))
        return storage.sha256_bytes(f"{files} {self.seed} {self.scale} {judge}".encode())[:16]


@dataclass(frozen=True, slots=True)
class Item:
    """One caption of a picture; `name` tells it from the others of the same picture and says nothing of its system."""

    name: str
    image_id: str
    file_name: str
    caption: str
    systems: tuple[str, ...]  # several where they say the same


def identify(paths: Sequence[Path], *, seed: int = 0, scale: int = SCALE) -> Rating:
    """The rating of files of captions; files of one name are told apart by their folders."""
    stems = [path.stem for path in paths]
    names = [
        path.stem if stems.count(path.stem) == 1 else f"{path.resolve().parent.name}/{path.stem}" for path in paths
    ]
    if len(set(names)) < len(names):
        raise UsageError("two files of captions have one name", where=names[0], fix="Rename one of them.")
    return Rating({name: storage.sha256_file(path) for name, path in zip(names, paths, strict=True)}, seed, scale)


def items(
    systems: Mapping[str, Sequence[Prediction]], *, n: int | None = None, seed: int = 0, judge: str = ""
) -> list[Item]:
    """Every system's caption of the pictures that all have, n pictures at most, in an order of the judge's own.

    Raises `DataError` where the files have no picture in common.
    """
    rows = {name: {row.key: row for row in found} for name, found in systems.items()}
    first, *others = rows.values()
    common = [key for key in first if all(key in other for other in others)]
    if not common:
        raise DataError("the files have no picture in common", fix="Give captions of one split.")
    random.Random(seed).shuffle(common)
    found = [item for key in common[:n] for item in _of_picture({name: own[key] for name, own in rows.items()})]
    random.Random(f"{seed} {judge}").shuffle(found)
    return found


def _of_picture(rows: Mapping[str, Prediction]) -> list[Item]:
    """Equal captions are asked about once."""
    by_text: dict[str, list[str]] = {}
    for name, row in rows.items():
        by_text.setdefault(row.caption.strip(), []).append(name)
    one = next(iter(rows.values()))
    file_name = next((str(row.rest["file_name"]) for row in rows.values() if row.rest.get("file_name")), "")
    return [
        Item(f"{one.image_id} {caption_hash(text)[:8]}", one.image_id, file_name, text, tuple(names))
        for text, names in by_text.items()
    ]


def answers_of(item: Item, values: Mapping[str, int], judge: str, rating: Rating) -> list[dict[str, Any]]:
    """What is stored of one answer: a line for each system that says so."""
    shared = {"judge": judge, "image_id": item.image_id, "caption_sha256": caption_hash(item.caption)}
    given = {**values, "scale": rating.scale, "rating": asdict(rating)}
    return [{**shared, "system": system, **given} for system in item.systems]


def answered(path: Path, rating: Rating, judge: str) -> set[str]:
    """The names of the items that a judge has rated already in a file of answers.

    Raises:
        UsageError: the file answers another rating: other captions, seed or scale.
        DataError: a row is no answer.
    """
    found = set()
    for number, answer in enumerate(storage.read_jsonl(path) if path.exists() else (), 1):
        check_answer(answer, f"{path}, row {number}")
        if answer.get("rating") != asdict(rating):
            fix = "Name the same files with the same seed and scale, or give another --out."
            raise UsageError("the file holds answers about other captions, seed or scale", where=path, fix=fix)
        if answer["judge"] == judge:
            found.add(f"{answer['image_id']} {answer['caption_sha256'][:8]}")
    return found


def check_answer(answer: Any, where: str) -> Mapping[str, Any]:
    """A row of a file of ratings. Raises `DataError` when it is none."""
    if isinstance(answer, Mapping) and all(
        isinstance(answer.get(name), str) for name in ("judge", "image_id", "system", "caption_sha256")
    ):
        scale = answer.get("scale")
        if _is_whole(scale) and all(_is_whole(answer.get(name)) and 1 <= answer[name] <= scale for name in QUESTIONS):
            return answer
    raise DataError("not a rating of `memecap judge --scale`", where=where, fix="Remove the row.")


def caption_hash(caption: str) -> str:
    """The sha256 of a caption: an answer says which words it is about."""
    return storage.sha256_bytes(caption.strip().encode())


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
