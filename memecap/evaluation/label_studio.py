"""Judging in Label Studio: a labelling configuration and tasks go out, its JSON export comes back as answers.

In: items to rate, or pairs to compare. Out: `config.xml` and `tasks.json` of a folder, for a new project's "Labeling
interface" and "Import". Task data name no system: `tasks.json` says which caption an item is, and the answers are
joined with the systems by the captions' hashes, from `systems.json`, which stays at home.

Source: labelstud.io/guide/task_format and /tags/{image,text,rating,choices}; pictures by its local storage
(`/data/local-files/?d=PATH`, PATH below LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT) or by any address before their names.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree

from memecap.core import storage
from memecap.errors import DataError, MissingFileError
from memecap.evaluation.judging import Judging, Pair
from memecap.evaluation.rating import QUESTIONS, Item, Rating, answers_of

LOCAL = "/data/local-files/?d="
_KEY = "systems.json"
_WINNERS = {"first": "Первая", "tie": "Одинаково", "second": "Вторая"}


def write_ratings(folder: Path, asked: Sequence[Item], rating: Rating, *, pictures: str = LOCAL) -> None:
    """A project that asks the three questions about each caption."""
    view = _view(["caption"])
    for name, (question, low, high) in QUESTIONS.items():
        ElementTree.SubElement(view, "Header", value=f"{question} 1 — {low}, {rating.scale} — {high}", size="5")
        ElementTree.SubElement(
            view, "Rating", name=name, toName="caption", maxRating=str(rating.scale), icon="star", required="true"
        )
    tasks = [{"item": item.name, "image": _address(item, pictures), "caption": item.caption} for item in asked]
    key = {"rating": asdict(rating), "items": {item.name: asdict(item) for item in asked}}
    _write(folder, view, tasks, key)


def write_pairs(folder: Path, asked: Sequence[Pair], judging: Judging, *, pictures: str = LOCAL) -> None:
    """A project that asks which of two captions is better."""
    view = _view(["first", "second"])
    ElementTree.SubElement(view, "Header", value="Какая подпись лучше?", size="5")
    choices = ElementTree.SubElement(
        view, "Choices", name="better", toName="image", choice="single-radio", required="true"
    )
    for alias, value in _WINNERS.items():
        ElementTree.SubElement(choices, "Choice", value=value, alias=alias)
    tasks = [
        {"item": pair.image_id, "image": _address(pair, pictures), "first": pair.first, "second": pair.second}
        for pair in asked
    ]
    key = {"judging": asdict(judging), "orders": {pair.image_id: pair.order for pair in asked}}
    _write(folder, view, tasks, key)


def read_answers(path: Path) -> Iterator[dict[str, Any]]:
    """The answers in an export "JSON" of such a project; `systems.json` must lie beside it.

    Skipped annotations are no answers. Raises `MissingFileError`, and `DataError` where a task is not of the project.
    """
    key_file = path.with_name(_KEY)
    if not key_file.is_file():
        fix = f"Put the export beside the {_KEY} that was written with its tasks."
        raise MissingFileError(f"nothing says whose captions these are: no {_KEY}", where=path, fix=fix)
    key = json.loads(key_file.read_text(encoding="utf-8"))
    for number, task in enumerate(json.loads(path.read_text(encoding="utf-8")), 1):
        where = f"{path}, task {number}"
        try:
            name = task["data"]["item"]
            for annotation in task["annotations"]:
                if not annotation.get("was_cancelled") and annotation["result"]:
                    results = {one["from_name"]: one["value"] for one in annotation["result"]}
                    yield from _answers(name, results, _judge(annotation), key)
        except (KeyError, TypeError, ValueError) as error:
            fix = "Export the project as JSON (not JSON-MIN), with all three questions answered."
            raise DataError(f"not a task of this project: {error!r}", where=where, fix=fix) from error


def _answers(name: str, results: Mapping[str, Any], judge: str, key: Mapping[str, Any]) -> list[dict[str, Any]]:
    if "orders" in key:
        choice = results["better"]["choices"][0]
        chosen = next(alias for alias, value in _WINNERS.items() if choice in (alias, value))
        order = key["orders"][name]
        winner = "tie" if chosen == "tie" else order[0 if chosen == "first" else 1]
        return [{"judge": judge, "image_id": name, "winner": winner, "judging": key["judging"]}]
    item = Item(**{**key["items"][name], "systems": tuple(key["items"][name]["systems"])})
    values = {question: int(results[question]["rating"]) for question in QUESTIONS}
    return answers_of(item, values, judge, Rating(**key["rating"]))


def _judge(annotation: Mapping[str, Any]) -> str:
    """Who answered: `completed_by` is a number, or an object with the person's e-mail."""
    who = annotation.get("completed_by", "label studio")
    return str(who.get("email") or who.get("id")) if isinstance(who, Mapping) else str(who)


def _view(texts: Sequence[str]) -> ElementTree.Element:
    view = ElementTree.Element("View")
    ElementTree.SubElement(view, "Image", name="image", value="$image")
    for name in texts:
        ElementTree.SubElement(view, "Text", name=name, value=f"${name}")
    return view


def _address(asked: Item | Pair, pictures: str) -> str:
    return pictures + quote(asked.file_name or asked.image_id)


def _write(folder: Path, view: ElementTree.Element, tasks: Sequence[Mapping[str, str]], key: Mapping[str, Any]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    ElementTree.indent(view)
    storage.write_text(folder / "config.xml", ElementTree.tostring(view, encoding="unicode") + "\n")
    storage.write_json(folder / "tasks.json", [{"data": dict(task)} for task in tasks])
    storage.write_json(folder / _KEY, key)
