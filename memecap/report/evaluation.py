"""The folder of an evaluation → one HTML page: scores with floors, curves, every picture with its captions.

In: what `memecap evaluate` wrote. Out: `report.html`, which holds its pictures, style and script and loads nothing.

Captions, references and readings are somebody else's text. They stand in a block of JSON in which `<` cannot occur, the
script writes them as text only, and the page's policy allows no other script, no style and no address.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from memecap.core import storage, sums
from memecap.report import content
from memecap.report.page import fill
from memecap.report.words import DEFAULT, words
from memecap.scoring.compare import System, join_rows, rank, read_systems

NAME = "report.html"


def write_report(
    folder: Path, *, others: Sequence[Path] = (), title: str | None = None, language: str = DEFAULT
) -> Path:
    """Write `report.html` into an evaluation's folder.

    Args:
        others: folders of evaluations of other captioners on the same rows, to set beside this one.
        title: the page's heading; by default what was captioned by what.
        language: ru or en.

    Raises:
        MissingFileError: a folder holds no finished evaluation.
        DataError: an evaluation in `others` is of other rows.
        UsageError: no such language.
    """
    told = words(language)
    settings = storage.read_json(folder / "evaluation.json")
    systems = read_systems(folder)
    rivals = [_rival(path, {system.name for system in systems}) for path in others]
    systems = join_rows([systems[0], *rivals, *systems[1:]])
    files = [folder / "scores.json", *sorted(folder.glob("scores-*.json"))]
    tables = [_table(path, systems, rebuilt=bool(rivals)) for path in files]
    page = content.page(settings, systems, tables, title, told)
    path = folder / NAME
    storage.write_text(path, fill("page.html", "page.css", "page.js", page, language=language, title=page["title"]))
    sums.record(folder, [path])
    return path


def _table(path: Path, systems: Sequence[System], *, rebuilt: bool) -> dict[str, Any]:
    records = storage.read_json(path)
    preset = str(records[0]["signature"]).split("[")[0]
    if rebuilt:
        records = rank(systems, preset, every=path.name == "scores.json")
    told = {"systems": records, "quantities": content.quantities_of(records)}
    return {"preset": preset, "signature": records[0]["signature"], **told}


def _rival(folder: Path, taken: set[str]) -> System:
    captioner = read_systems(folder)[0]
    name = f"{captioner.name} ({folder.name})" if captioner.name in taken else captioner.name
    taken.add(name)
    return replace(captioner, name=name)
