"""What the page shows, as plain values: labels, the verdict, curves of the run, and a record for each picture."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from memecap.report.thumbnail import thumbnail
from memecap.scoring import score as scoring
from memecap.scoring.compare import CAPTIONER, System, measure
from memecap.scoring.predictions import Prediction
from memecap.scoring.presets import DEFAULT
from memecap.scoring.quantities import of_table
from memecap.scoring.significance import LEVEL

#: those that say something of one row, where BLEU-4 is nearly always 0
CARD_METRICS = ("chrf2", "meteor", "bleu1", "quoted_recall", "quoted_precision")
LABELS = {
    "random_caption": "Случайная подпись из обучения",
    "constant": "Одна и та же лучшая подпись",
    "template": "Шаблон с прочитанным текстом",
    "remember": "Что было сказано об этой картинке раньше",
    "template_constant": "Прочитанный текст после лучшей постоянной сцены",
    "template_random": "Прочитанный текст после случайной сцены из обучения",
    "shuffled_pictures": "Модель: чужие картинка и текст",
    "shuffled_pixels": "Модель: чужая картинка, свой текст",
}
CURVE_LABELS = {
    "train_loss": "Ошибка на обучении",
    "gradient_norm": "Норма градиента",
    "tokens_per_s": "Токенов в секунду",
    "val_gap": "Разница с чужими картинкой и текстом",
    "val_loss": "Ошибка на проверке",
    "loss": "Ошибка",
    "lr": "Шаг обучения",
}
SIGN_LABELS = {
    "length": "подписи много длиннее или короче эталонов",
    "loops": "подписи повторяются внутри себя",
    "same": "разных подписей слишком мало",
    "only_quotes": "вне кавычек ничего не сказано",
    "equal": "подписи дословно равны эталонам",
    "copies": "подписи дословно взяты из обучения",
}
#: the whole caption, its scene, its quotes
VERDICT = ("chrf2", "scene_chrf2", "quoted_recall", "quoted_precision", "scene_words_f1", "invented")
X_LABELS = {"step": "шаги", "epoch": "эпохи", "row": "записи"}


def page(
    settings: Mapping[str, Any], systems: Sequence[System], tables: Sequence[Mapping[str, Any]], title: str | None
) -> dict[str, Any]:
    """Everything the script of the page needs."""
    ours = systems[0]
    corpus = Path(settings["corpus"])
    scored = {system.name: _row_scores(system) for system in systems}
    rivals = [system.name for system in systems[1:] if system.kind == CAPTIONER]
    return {
        "title": title or f"{LABELS.get(ours.name, ours.name)}: {corpus.name}, {settings['split']}",
        "verdict": verdict(tables[0]["systems"]),
        "facts": _facts(settings, len(ours.rows)),
        "tables": list(tables),
        "labels": LABELS,
        "quantities": {**quantities_of([{"scores": scored[ours.name]}]), **tables[0]["quantities"]},
        "signs": SIGN_LABELS,
        "curves": curves(Path(settings["model"])),
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


def quantities_of(records: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """The `Quantity` of each score, for the script of the page."""
    return {name: one.model_dump(mode="json") for name, one in of_table(records).items()}


def verdict(records: Sequence[Mapping[str, Any]]) -> str:
    """For the whole caption, its scene and its quotes, a line each: is the captioner above its floors?"""
    return "\n".join(_against_floors(records, metric) for metric in VERDICT if metric in records[0]["scores"])


def _against_floors(records: Sequence[Mapping[str, Any]], metric: str) -> str:
    """Every floor that is not beaten is named: those above the captioner, then those it cannot be told from."""
    ours = records[0]
    low, high = ours["intervals"][metric]
    quantity = of_table(records)[metric]
    places = quantity.decimals
    told = f"{quantity.in_russian} {ours['scores'][metric]:.{places}f} (95 %: {low:.{places}f}–{high:.{places}f})"
    floors = [record for record in records if record["kind"] != CAPTIONER]
    won, lost, even = ([record for record in floors if _standing(record, metric) == sign] for sign in (1, -1, 0))
    above, below = ("лучше", "хуже") if quantity.direction == "lower" else ("выше", "ниже")
    if len(won) == len(floors):
        return f"{told}: значимо {above} каждого ориентира."
    parts = [f"значимо {above} ориентиров — {len(won)} из {len(floors)}"]
    parts += [f"значимо {below}: {_named(lost, metric, places)}"] if lost else []
    parts += [f"не {above}: {_named(even, metric, places)}"] if even else []
    return f"{told}: {'; '.join(parts)}."


def _standing(record: Mapping[str, Any], metric: str) -> int:
    """1 where the captioner is better than this system, -1 where worse, 0 where the difference may be chance."""
    found = record["compared"]["minus_this"][metric]
    if found["p_holm"] >= LEVEL or not found["difference"]:
        return 0
    fewer = of_table([record])[metric].direction == "lower"
    return 1 if (found["difference"] < 0) == fewer else -1


def _named(records: Sequence[Mapping[str, Any]], metric: str, places: int) -> str:
    return ", ".join(f"«{LABELS.get(r['system'], r['system'])}» ({r['scores'][metric]:.{places}f})" for r in records)


def curves(model: Path) -> list[dict[str, Any]]:
    """The numeric columns of the run's log.csv against its steps, where the model is a run or stands inside one."""
    log = next((folder / "log.csv" for folder in (model, *model.parents[:2]) if (folder / "log.csv").is_file()), None)
    if log is None:
        return []
    with log.open(encoding="utf-8", newline="") as file:
        records = list(csv.DictReader(file))
    x = next((name for name in ("step", "epoch") if records and name in records[0]), "row")
    places = [_number(record.get(x)) if x != "row" else float(n) for n, record in enumerate(records)]
    borders = _borders(places, [record.get("stage") for record in records])
    found = []
    for name in _columns(records):
        values = [_number(record[name]) for record in records]
        points = [[a, b] for a, b in zip(places, values, strict=True) if a is not None and b is not None]
        if len(points) > 1:
            curve = {"name": name, "label": CURVE_LABELS.get(name, name), "x": X_LABELS[x], "points": points}
            found.append(curve | {"stages": borders})
    return found


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


def _facts(settings: Mapping[str, Any], n: int) -> list[tuple[str, str]]:
    decoding = settings["decoding"]
    return [
        ("Модель", str(settings["model"])),
        ("Корпус", f"{Path(settings['corpus']).name}, часть {settings['split']}"),
        ("Картинок", str(n)),
        ("Декодирование", f"{decoding['name']}, до {decoding['max_new_tokens']} токенов"),
        ("Зерно (seed)", str(settings["seed"])),
        ("Картинок, известных по обучению", str(settings.get("leaks", 0))),
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
