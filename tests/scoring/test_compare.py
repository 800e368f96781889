"""Systems stand in one table by picture, over the same pictures and references, or not at all."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from memecap.errors import DataError, UsageError
from memecap.evaluation.judging import pairs
from memecap.scoring import compare as leaderboard
from memecap.scoring import tables
from memecap.scoring.compare import CAPTIONER, FLOOR, System, join_rows
from memecap.scoring.coverage import fingerprint
from memecap.scoring.predictions import Prediction, annotated, read_predictions
from tests.scoring.rows import systems


def test_systems_that_spell_a_picture_otherwise_are_joined(write):
    def told(name, ids):
        rows = [{"image_id": i, "caption": f"{name} {n}", "references": ["кот спит"]} for n, i in enumerate(ids)]
        return write(f"{name}.jsonl", "".join(json.dumps(row) + "\n" for row in rows))

    ours, theirs = (read_predictions(told(*given)) for given in (("a", ["1", "2"]), ("b", ["2.jpg", "1.jpg"])))
    notes = {"annotations": [{"image_id": i, "caption": "кот спит"} for i in (1, 2)]}
    joined = join_rows(
        [System("a", CAPTIONER, ours), System("b", CAPTIONER, theirs)],
        asked=annotated(write("n.json", json.dumps(notes))),
    )
    assert [[row.caption for row in system.rows] for system in joined] == [["a 0", "a 1"], ["b 1", "b 0"]]
    assert [system.coverage for system in joined] == [(2, 2), (2, 2)]
    assert fingerprint(ours) == fingerprint(theirs)
    assert sorted(pair.image_id for pair in pairs(ours, theirs)) == ["1", "2"]


def test_two_protocols_do_not_share_a_table(records):
    others = leaderboard.rank(systems(), "ru-punct", resamples=100)
    with pytest.raises(UsageError, match="cannot stand in one table"):
        leaderboard.join([records, others])
    assert len(leaderboard.join([records, records])) == 4


def test_rows_join_by_picture_in_any_order(records):
    ours, floor = systems()
    turned = [System("наша", CAPTIONER, ours.rows[3:] + ours.rows[:3]), System("пол", FLOOR, floor.rows[::-1])]
    found = leaderboard.rank(turned, resamples=200)
    assert [record["scores"] for record in found] == [pytest.approx(record["scores"]) for record in records]
    assert {record["rows"] for record in found} == {record["rows"] for record in records}


def test_what_a_system_left_out_counts_against_it(capsys):
    ours, _ = systems()
    lazy = System("ленивая", CAPTIONER, ours.rows[:2])
    whole, some = leaderboard.rank([ours, lazy], resamples=100)
    assert (some["n"], some["coverage"], whole["coverage"]) == (8, [2, 8], [8, 8])
    assert some["scores"]["quoted_recall"] == 0 and some["scores"]["chrf2"] < 60 < whole["scores"]["chrf2"]
    assert "ленивая: 6 of 8 pictures have no caption: scored as empty captions" in capsys.readouterr().err
    told = tables.render([whole, some]).splitlines()
    assert told[2].split()[:3] == ["ленивая", "8", "2/8"]
    whole, some = leaderboard.rank([ours, lazy], resamples=100, only_common=True)
    assert (some["n"], some["coverage"], some["scores"]["chrf2"]) == (2, [2, 8], pytest.approx(100))
    assert "left out" in capsys.readouterr().err


def test_systems_of_other_pictures_or_references_are_refused():
    ours, floor = systems()
    elsewhere = [Prediction(f"x{row.image_id}", row.caption, row.references) for row in floor.rows]
    with pytest.raises(DataError, match="no picture has a caption of every system"):
        leaderboard.rank([ours, System("пол", FLOOR, elsewhere)], resamples=100)
    reworded = [Prediction(row.image_id, row.caption, ("другое",)) for row in floor.rows]
    with pytest.raises(DataError, match="other references for image_id '0'"):
        leaderboard.rank([ours, System("пол", FLOOR, reworded)], resamples=100)
    with pytest.raises(DataError, match="twice"):
        leaderboard.rank([System("пол", FLOOR, [*floor.rows, floor.rows[0]])], resamples=100)


def test_tables_of_other_rows_are_not_merged(records):
    """As many rows, scored by one protocol, but other pictures, or the same pictures with other references."""
    for change in ({"image_id": "другая"}, {"references": ("кот номер 0 лежит",)}):
        rows = [replace(systems()[0].rows[0], **change), *systems()[0].rows[1:]]
        other = leaderboard.rank([System("чужая", CAPTIONER, rows)], resamples=100)
        assert (other[0]["n"], other[0]["signature"]) == (records[0]["n"], records[0]["signature"])
        with pytest.raises(UsageError, match="of other pictures or other references"):
            leaderboard.join([records, other])


def test_tables_from_before_are_shown_alone_and_not_merged(records):
    before = [{key: value for key, value in record.items() if key not in ("rows", "coverage")} for record in records]
    assert tables.render(leaderboard.join([before])).splitlines()[1].split()[:2] == ["наша", "8"]
    with pytest.raises(UsageError, match="older memecap"):
        leaderboard.join([records, before])
