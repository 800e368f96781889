"""Known and new pictures are scored as if each were a table of its own."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest

from memecap.scoring import tables
from memecap.scoring.compare import CAPTIONER, FLOOR, System, rank
from memecap.scoring.predictions import Prediction

CAPTIONS = ["кот сидит на столе", "пёс лежит", "дом стоит у леса", "мяч летит", "кот ест рыбу", "снег идёт"]
REFERENCES = ["кот сидит на стуле", "пёс лежит на траве", "дом стоит", "мяч летит в окно", "кот ест", "дождь идёт"]
KNOWN = {0, 3, 4}


def systems() -> list[System]:
    def rows(captions: list[str]) -> list[Prediction]:
        return [
            Prediction(str(i), caption, (REFERENCES[i],), {"reading": {"recollections": [{}]} if i in KNOWN else None})
            for i, caption in enumerate(captions)
        ]

    return [System("ours", CAPTIONER, rows(CAPTIONS)), System("floor", FLOOR, rows(["кот"] * 6))]


def alone(places: set[int]) -> list[System]:
    """The same rows cut before they are scored, and nothing said of what is known."""
    return [
        replace(system, rows=[replace(row, rest={}) for i, row in enumerate(system.rows) if i in places])
        for system in systems()
    ]


@pytest.mark.parametrize(("name", "places"), [("known", KNOWN), ("new", set(range(6)) - KNOWN)])
def test_a_part_is_scored_as_a_table_of_its_own(name: str, places: set[int]) -> None:
    whole, part = rank(systems(), resamples=200), rank(alone(places), resamples=200)
    for found, expected in zip(whole, part, strict=True):
        subset = found["subsets"][name]
        assert subset["n"] == len(places)
        names = subset["scores"].keys()
        of_all = {"distinct1", "distinct2", "unique_captions", "length_ratio", "repeated_4grams"}  # of all together
        assert expected["scores"].keys() - names == of_all
        assert subset["scores"] == pytest.approx({name: expected["scores"][name] for name in names})
        assert subset["intervals"] == {name: expected["intervals"][name] for name in names}
        compared, alone_compared = (one.get("compared", {}).get("minus_this", {}) for one in (subset, expected))
        assert compared == {name: alone_compared[name] for name in compared}
    assert all("subsets" not in record for record in part)


def test_tables_have_a_row_for_each_part() -> None:
    records = rank(systems(), resamples=200)
    lines = tables.render(records).splitlines()
    assert [line.split()[:2] for line in lines[2:4]] == [["·", "known"], ["·", "new"]]
    assert "a memory has met" in tables.render(records)
    names = [row[0] for row in csv.reader(io.StringIO(tables.render(records, "csv")))]
    assert names[1:] == [f"{name}{part}" for name in ("ours", "floor") for part in ("", " · known", " · new")]
    for form in ("markdown", "latex"):
        assert tables.render(records, form).count("known") >= 2  # type: ignore[arg-type]
