"""Folders of evaluations and files of captions → one page and one Markdown file of every system, floors first.

In: for each board (a corpus's split) the folders that `memecap evaluate` wrote of its captioners, and files of captions
that somebody else made. Out: `leaderboard.html`, which loads nothing, and `leaderboard.md`.

A floor that depends on no captioner (a random caption, the template …) stands once, evaluated on its own or not; floors
made of a captioner itself (shuffled pictures) stand in that captioner's own report. All systems of a board are scored
anew, on the same rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from memecap.core import storage
from memecap.metrics.base import Quantity
from memecap.report.content import label_of
from memecap.report.page import fill
from memecap.report.words import words
from memecap.scoring import significance
from memecap.scoring.compare import CAPTIONER, FLOOR, System, rank, read_systems, training_captions
from memecap.scoring.predictions import read_predictions
from memecap.scoring.quantities import of_table

NAME = "leaderboard"
OWN_FLOORS = ("shuffled_pictures", "shuffled_pixels")


@dataclass(frozen=True, slots=True)
class Board:
    """The systems of one split: name → folder of an evaluation, or → file of captions; at least one is a folder."""

    title: str
    evaluations: Mapping[str, Path]
    captions: Mapping[str, Path] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)  # of a system: minutes of training, where it is from


def write_leaderboard(
    folder: Path, boards: Sequence[Board], *, resamples: int = significance.RESAMPLES
) -> tuple[Path, Path]:
    """Write the page and the Markdown file into a folder, and say where they are.

    Raises:
        MissingFileError: a folder holds no evaluation. DataError: systems of a board captioned other rows.
    """
    told = [_told(board, resamples) for board in boards]
    page, text = folder / f"{NAME}.html", folder / f"{NAME}.md"
    storage.write_text(text, "\n".join(map(_markdown, told)))
    storage.write_text(page, fill("leaderboard.html", "page.css", "leaderboard.js", {"boards": told}))
    return page, text


def systems_of(board: Board) -> list[System]:
    """Captioners under the board's names, then the floors that are nobody's own."""
    captioners, floors = [], dict[str, System]()
    for name, folder in board.evaluations.items():
        ours, *others = read_systems(folder)
        captioners.append(replace(ours, name=name, kind=FLOOR if ours.name in words()["systems"] else CAPTIONER))
        floors |= {one.name: one for one in others if one.name not in OWN_FLOORS and one.name not in floors}
    images = captioners[0].images
    for name, path in board.captions.items():
        kind = FLOOR if name in words()["systems"] else CAPTIONER
        captioners.append(System(name, kind, read_predictions(path), images))
    taken = {system.name for system in captioners}
    return captioners + [floor for name, floor in floors.items() if name not in taken]


def _told(board: Board, resamples: int) -> dict[str, Any]:
    """What page and Markdown show: columns, and rows with floors first, the better ones later among floors, earlier
    among captioners."""
    training = training_captions(next(iter(board.evaluations.values())))
    records = rank(systems_of(board), training=training, resamples=resamples, quiet=True)
    quantities = [one for one in of_table(records).values() if {"table", "guard"} & set(one.places)]
    headline = next((one.name for one in quantities if "headline" in one.places), quantities[0].name)
    records.sort(key=lambda record: (record["kind"] != FLOOR, _order(record, headline)))
    columns = [
        {"name": one.name, "label": one.in_russian, "english": one.label, "better": one.direction} for one in quantities
    ]
    return {
        "title": board.title,
        "n": records[0]["n"],
        "signature": records[0]["signature"],
        "columns": columns,
        "rows": [_row(record, quantities, board.notes) for record in records],
    }


def _order(record: Mapping[str, Any], headline: str) -> float:
    score = float(record["scores"][headline])
    return score if record["kind"] == FLOOR else -score


def _row(record: Mapping[str, Any], quantities: Sequence[Quantity], notes: Mapping[str, str]) -> dict[str, Any]:
    def cell(one: Quantity) -> list[str]:
        low, high = record["intervals"].get(one.name, (None, None))
        number = f"{{:.{one.decimals}f}}"
        ends = "" if low is None else f"{number.format(low)} – {number.format(high)}"
        return [number.format(record["scores"][one.name]), ends]

    name = record["system"]
    return {
        "system": name,
        "label": label_of(name, words()) if record["kind"] == FLOOR else name,
        "floor": record["kind"] == FLOOR,
        "note": notes.get(name, ""),
        "cells": [cell(one) for one in quantities],
    }


def _markdown(board: Mapping[str, Any]) -> str:
    columns = [column["english"] for column in board["columns"]]
    lines = [f"## {board['title']}", "", f"{board['n']} pictures; 95 % intervals in brackets.", ""]
    lines += [f"| {' | '.join(['system', *columns])} |", "|---" + "|--:" * len(columns) + "|"]
    for row in board["rows"]:
        cells = [f"{value} [{ends.replace(' – ', ', ')}]" if ends else value for value, ends in row["cells"]]
        name = f"floor: {row['system']}" if row["floor"] else row["system"]
        name += f" ({row['note']})" if row["note"] else ""
        lines.append(f"| {' | '.join([name.replace('|', chr(92) + '|'), *cells])} |")
    return "\n".join([*lines, "", f"`{board['signature']}`", ""])
