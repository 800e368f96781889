"""What the page shows, as plain values: labels, the verdict, curves of the run, and a record for each picture."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from memecap.core import config
from memecap.metrics.base import Quantity
from memecap.report.thumbnail import thumbnail
from memecap.report.words import Words, words
from memecap.scoring import score as scoring
from memecap.scoring.compare import CAPTIONER, System, measure
from memecap.scoring.predictions import Prediction
from memecap.scoring.presets import DEFAULT
from memecap.scoring.quantities import of_epoch, of_table
from memecap.scoring.significance import LEVEL

#: those that say something of one row, where BLEU-4 is nearly always 0
CARD_METRICS = ("chrf2", "meteor", "bleu1", "quoted_recall", "quoted_precision")
#: the whole caption, its scene, its quotes
VERDICT = ("chrf2", "scene_chrf2", "quoted_recall", "quoted_precision", "scene_words_f1", "invented")


def page(
    settings: Mapping[str, Any],
    systems: Sequence[System],
    tables: Sequence[Mapping[str, Any]],
    title: str | None,
    told: Words | None = None,
) -> dict[str, Any]:
    """Everything the script of the page needs; `told`: the words of its language, Russian when None."""
    told = told or words()
    ours = systems[0]
    corpus = Path(settings["corpus"])
    scored = {system.name: _row_scores(system) for system in systems}
    rivals = [system.name for system in systems[1:] if system.kind == CAPTIONER]
    head = told["title"].format(system=label_of(ours.name, told), corpus=corpus.name, split=settings["split"])
    return {
        "title": title or head,
        "verdict": verdict(tables[0]["systems"], told),
        "facts": _facts(settings, len(ours.rows), told),
        "tables": list(tables),
        "alt": alt_properties(systems),
        "quantities": {**quantities_of([{"scores": scored[ours.name]}]), **tables[0]["quantities"]},
        "curves": curves(Path(settings["model"]), told),
        "systems": [system.name for system in systems],
        "other": rivals[0] if rivals else "",
        "row_metrics": list(dict.fromkeys([*CARD_METRICS, *scored[ours.name]])),
        "card_metrics": list(CARD_METRICS),
        "scores": scored,
        "rows": [
            {
                **_picture(corpus / settings["split"], row),
                "references": list(row.references),
                "reading": row.rest.get("reading"),
                "captions": {system.name: system.rows[number].caption for system in systems},
            }
            for number, row in enumerate(ours.rows)
        ],
    }


def label_of(system: str, told: Words) -> str:
    """What a system is called on the page: a floor by what it does."""
    return str(told["systems"].get(system, system))


def alt_properties(systems: Sequence[System]) -> dict[str, Any]:
    """Of each system, the shares of captions with each property of alt text, and what the shares are called."""
    metric = config.build("metrics", {"name": "alt"})
    names = {one.name: one.model_dump(mode="json") for one in metric.quantities}
    found = []
    for system in systems:
        rows = metric.statistics([row.caption for row in system.rows], [row.references for row in system.rows])
        totals = rows.sum(axis=0)
        counted = dict(zip(list(names)[1:], totals[1::2].tolist(), strict=True))  # rows that references tell it of
        scores = {name: round(float(value), 4) for name, value in metric.scores(totals).items() if counted.get(name, 1)}
        found.append({"system": system.name, "kind": system.kind, "scores": scores})
    return {"quantities": names, "systems": found}


def quantities_of(records: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """The `Quantity` of each score, for the script of the page."""
    return {name: one.model_dump(mode="json") for name, one in of_table(records).items()}


def verdict(records: Sequence[Mapping[str, Any]], told: Words | None = None) -> str:
    """For the whole caption, its scene and its quotes, a line each: is the captioner above its floors?"""
    present = [metric for metric in VERDICT if metric in records[0]["scores"]]
    return "\n".join(_against_floors(records, metric, told or words()) for metric in present)


def _against_floors(records: Sequence[Mapping[str, Any]], metric: str, told: Words) -> str:
    """Every floor that is not beaten is named: those above the captioner, then those it cannot be told from."""
    ours, quantity = records[0], of_table(records)[metric]
    values = {"score": ours["scores"][metric], **dict(zip(("low", "high"), ours["intervals"][metric], strict=True))}
    written = {name: f"{value:.{quantity.decimals}f}" for name, value in values.items()}
    start = told["told_score"].format(label=_label(quantity, told), **written)
    floors = [record for record in records if record["kind"] != CAPTIONER]
    won, lost, even = ([record for record in floors if _standing(record, metric) == sign] for sign in (1, -1, 0))
    above, below = ("better", "worse") if quantity.direction == "lower" else ("above", "below")
    said = {"told": start, "above": told[above], "below": told[below], "n": len(won), "all": len(floors)}
    if len(won) == len(floors):
        return str(told["above_all"].format(**said))
    parts = [told["above_some"].format(**said)]
    for key, others in (("below_some", lost), ("not_above", even)):
        parts += [told[key].format(**said, named=_named(others, quantity, told))] if others else []
    return f"{start}: {'; '.join(parts)}."


def _standing(record: Mapping[str, Any], metric: str) -> int:
    """1 where the captioner is better than this system, -1 where worse, 0 where the difference may be chance."""
    found = record["compared"]["minus_this"][metric]
    if found["p_holm"] >= LEVEL or not found["difference"]:
        return 0
    fewer = of_table([record])[metric].direction == "lower"
    return 1 if (found["difference"] < 0) == fewer else -1


def _named(records: Sequence[Mapping[str, Any]], quantity: Quantity, told: Words) -> str:
    names = [(told["quoted"].format(text=label_of(r["system"], told)), r["scores"][quantity.name]) for r in records]
    return ", ".join(f"{name} ({score:.{quantity.decimals}f})" for name, score in names)


def _label(quantity: Quantity, told: Words) -> str:
    return quantity.in_russian if told["language"] == "ru" else quantity.label


def curves(model: Path, told: Words | None = None) -> list[dict[str, Any]]:
    """The numeric columns of the run's log.csv against its steps, where the model is a run or stands inside one."""
    told = told or words()
    records = _log(model)
    x = next((name for name in ("step", "epoch") if records and name in records[0]), "row")
    places = [_number(record.get(x)) if x != "row" else float(n) for n, record in enumerate(records)]
    borders = _borders(places, [record.get("stage") for record in records])
    labels = {name: _label(one, told) for name, one in of_epoch().items()} | told["curves"]
    found = []
    for name in _columns(records):
        values = [_number(record[name]) for record in records]
        points = [[a, b] for a, b in zip(places, values, strict=True) if a is not None and b is not None]
        if len(points) > 1:
            curve = {"name": name, "label": labels.get(name, name), "x": told[f"x_{x}"], "points": points}
            found.append(curve | {"stages": borders})
    return found


def _log(model: Path) -> list[dict[str, Any]]:
    """The rows of the log of a run that is this folder, or that this folder stands in."""
    log = next((folder / "log.csv" for folder in (model, *model.parents[:2]) if (folder / "log.csv").is_file()), None)
    if log is None:
        return []
    with log.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _columns(records: Sequence[Mapping[str, Any]]) -> list[str]:
    """The columns of a log that can be curves."""
    others = ("step", "epoch", "stage", "seconds", "best")
    return [name for name in (records[0] if records else ()) if name not in others]


def _borders(places: Sequence[float | None], stages: Sequence[Any]) -> list[float]:
    """Where a new stage begins."""
    pairs = zip(places[1:], pairwise(stages), strict=True)
    return [place for place, (old, new) in pairs if place is not None and old != new]


def _row_scores(system: System) -> dict[str, list[float]]:
    """By name, the score of each row taken alone."""
    found = scoring.row_scores(measure(system, DEFAULT, every=True))
    return {name: [round(value, 4) for value in values.tolist()] for name, values in found.items()}


def _facts(settings: Mapping[str, Any], n: int, told: Words) -> list[tuple[str, str]]:
    decoding, corpus = settings["decoding"], Path(settings["corpus"]).name
    return [
        (told["fact_model"], str(settings["model"])),
        (told["fact_corpus"], told["corpus_split"].format(corpus=corpus, split=settings["split"])),
        (told["fact_pictures"], str(n)),
        (told["fact_decoding"], told["decoding"].format(name=decoding["name"], n=decoding["max_new_tokens"])),
        (told["fact_seed"], str(settings["seed"])),
        (told["fact_leaks"], str(settings.get("leaks", 0))),
    ]


def _picture(folder: Path, row: Prediction) -> dict[str, Any]:
    name = str(row.rest.get("file_name", ""))
    address, size = thumbnail(row.picture(folder))
    return {"file": name or row.image_id, "image": address, "size": list(size)}


def _number(text: Any) -> float | None:
    try:
        value = float(text)
    except (TypeError, ValueError):
        return None
    return value if math.isfinite(value) else None
