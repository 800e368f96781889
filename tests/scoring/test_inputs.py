"""What is named on a command line becomes systems, each with a name of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from memecap.errors import UsageError
from memecap.scoring import inputs
from memecap.scoring.predictions import Prediction


def test_tables_and_captions_do_not_mix() -> None:
    tables = [Path("a/scores.json"), Path("b/scores-coco.json")]
    assert inputs.are_tables(tables)
    assert not inputs.are_tables([Path("mine.jsonl"), Path("scores.jsonl")])
    with pytest.raises(UsageError, match="do not mix"):
        inputs.are_tables([*tables, Path("mine.jsonl")])


def test_columns_are_named_ours_first() -> None:
    assert inputs.named_columns(["caption=text", "references=gold=1"]) == {"caption": "text", "references": "gold=1"}
    for wrong in ("text=caption", "caption=", "caption"):
        with pytest.raises(UsageError, match="OURS=YOURS"):
            inputs.named_columns([wrong])
    assert (inputs.separator("tab"), inputs.separator(" | ")) == ("\t", " | ")


def test_systems_of_one_name_are_told_apart() -> None:
    paths = [Path("first/mine.jsonl"), Path("second/mine.jsonl"), Path("second/mine.csv"), Path("theirs.jsonl")]
    systems = inputs.open_systems(paths, lambda path: [Prediction(str(path), "кот", ("кот",))], Path("images"))
    assert [system.name for system in systems] == ["mine", "second/mine", "second/mine+", "theirs"]
    assert [system.rows[0].image_id for system in systems] == list(map(str, paths))
    assert {system.images for system in systems} == {Path("images")}
    assert inputs.known_captions(paths) is None
