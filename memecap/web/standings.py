"""What a captioner reached on a test split, beside its floors, where an evaluation of it lies near its folder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from memecap.core import storage
from memecap.errors import MemecapError
from memecap.scoring.quantities import of_table

METRICS = ("chrf2", "bleu4", "quoted_recall", "quoted_precision")  # those of a table that fits under a name


def standing(model: str) -> dict[str, Any] | None:
    """Scores of a captioner and its floors, for people; None where no evaluation of it is found, or none is whole."""
    for folder in _evaluations(Path(model)):
        try:
            settings, records = storage.read_json(folder / "evaluation.json"), storage.read_json(folder / "scores.json")
            return _table(settings, records)
        except (MemecapError, KeyError, TypeError, IndexError):
            continue
    return None


def _evaluations(model: Path) -> Iterator[Path]:
    """Folders of evaluations of this captioner: inside its own or beside it; those of a test split first."""
    try:
        own = model.resolve()
        near = [own, *own.glob("*/"), own.parent, *own.parent.glob("*/")] if own.is_dir() else []
        found = [folder for folder in near if (folder / "scores.json").is_file()]
        told = {folder: storage.read_json(folder / "evaluation.json") for folder in found}
    except (OSError, MemecapError):
        return
    mine = [folder for folder in found if _is_of(told[folder], own)]
    yield from sorted(mine, key=lambda folder: told[folder].get("split") != "test")


def _is_of(settings: Mapping[str, Any], own: Path) -> bool:
    """The evaluation names the folder or one inside it; what has moved since is known by its name alone."""
    evaluated = Path(str(settings.get("model", "")))
    same = evaluated.resolve()
    return same == own or own in same.parents or (not same.exists() and evaluated.name == own.name)


def _table(settings: Mapping[str, Any], records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    quantities = of_table(records)
    columns = [quantities[name] for name in METRICS if name in quantities]
    return {
        "corpus": Path(settings["corpus"]).name,
        "split": settings["split"],
        "metrics": [{"name": one.name, "ru": one.in_russian, "en": one.label} for one in columns],
        "systems": [
            {
                "system": record["system"],
                "kind": record["kind"],
                "scores": [f"{record['scores'][one.name]:.{one.decimals}f}" for one in columns],
            }
            for record in records
        ],
    }
