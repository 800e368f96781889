"""Stored recollections come back; a picture that remembers itself, its group or a held-out row is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from memecap.core.manifest import Row
from memecap.errors import DataError, MissingFileError
from memecap.memory.recollection import Recollection, RememberedLine
from memecap.memory.stored import check_own, load_recollections, store_recollections

FOUND = Recollection(
    image_id="b",
    group_id="gb",
    corpus="memes",
    split="train",
    captions=("кот",),
    lines=(RememberedLine("раз", (0, 0, 5, 5)),),
    box=(0, 0, 9, 9),
    covered=0.5,
    inliers=30,
    confidence=0.9,
    transform=(1.0, 0.0, 0.0, 0.0, 1.0, 0.0),
)
ROW = Row(captions=("пёс",), image_id="a", group_id="ga", corpus="memes", split="val")


def test_there_and_back(tmp_path: Path) -> None:
    store_recollections(tmp_path, "memory 1", {"b": (), "a": (FOUND,)})
    assert load_recollections(tmp_path) == load_recollections(tmp_path, "memory 1") == {"a": (FOUND,), "b": ()}
    with pytest.raises(MissingFileError, match="no stored"):
        load_recollections(tmp_path, "memory 2")
    with pytest.raises(MissingFileError, match="no stored"):
        load_recollections(tmp_path / "elsewhere")


@pytest.mark.parametrize("change", [{"image_id": "a"}, {"group_id": "ga"}, {"split": "val"}, {"split": "test"}])
def test_nothing_leaks(change: dict[str, str], tmp_path: Path) -> None:
    check_own([ROW], {"a": (FOUND,)}, where=tmp_path)
    check_own([ROW], {"a": (replace(FOUND, corpus="others", split="val"),)}, where=tmp_path)
    with pytest.raises(DataError, match="a remembers"):
        check_own([ROW], {"a": (FOUND, replace(FOUND, **change))}, where=tmp_path)
