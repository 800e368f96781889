"""Rows as files have them, and two systems to compare."""

from __future__ import annotations

import json

from memecap.scoring.compare import CAPTIONER, FLOOR, System
from memecap.scoring.predictions import Prediction

ROWS = [("1", "кот, «сидит»", "кот лежит"), ("2", "", 'пёс "гав"'), ("3", "на\u2028столе", "на столе")]


def jsonl(**names):
    names = {"image_id": "image_id", "caption": "caption", "references": "references"} | names
    keys = list(names.values())
    return "".join(json.dumps(dict(zip(keys, row, strict=True)), ensure_ascii=False) + "\n" for row in ROWS)


def content_of(rows):
    return [(row.image_id, row.caption, *row.references) for row in rows]


def systems(names=("наша", "пол")):
    def rows(*captions):
        return [Prediction(str(i), caption, (f"кот номер {i} сидит",)) for i, caption in enumerate(captions)]

    good = rows(*(f"кот номер {i} сидит" for i in range(8)))
    return [System(names[0], CAPTIONER, good), System(names[1], FLOOR, rows(*["пёс"] * 8))]
