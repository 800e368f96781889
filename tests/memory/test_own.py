"""A picture that remembers itself, its group or a held-out row is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from memecap.core.manifest import Row
from memecap.errors import DataError
from memecap.memory.own import check_own
from memecap.memory.recollection import Recollection

FOUND = Recollection(
    image_id="b",
    group_id="gb",
    corpus="memes",
    split="train",
    captions=("кот",),
    lines=(),
    box=(0, 0, 9, 9),
    covered=0.5,
    inliers=30,
    confidence=0.9,
    transform=(1.0, 0.0, 0.0, 0.0, 1.0, 0.0),
)
ROW = Row(captions=("пёс",), image_id="a", group_id="ga", corpus="memes", split="val")


@pytest.mark.parametrize("change", [{"image_id": "a"}, {"group_id": "ga"}, {"split": "val"}, {"split": "test"}])
def test_nothing_leaks(change: dict[str, str], tmp_path: Path) -> None:
    check_own([ROW], {"a": (FOUND,)}, where=tmp_path)
    check_own([ROW], {"a": (replace(FOUND, corpus="others", split="val"),)}, where=tmp_path)
    with pytest.raises(DataError, match="a remembers"):
        check_own([ROW], {"a": (FOUND, replace(FOUND, **change))}, where=tmp_path)
