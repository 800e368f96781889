"""The last correction of a picture is its caption; the folder is only added to."""

from __future__ import annotations

from pathlib import Path

import pytest

from memecap.core import corrections
from memecap.corpora.corrections import Corrections, Settings
from memecap.errors import DataError
from tests.corpora.sources import items
from tests.web.pictures import picture


def test_the_last_one_counts(tmp_path: Path) -> None:
    for caption, colour in (("Кот.", "red"), ("Пёс.", "blue"), ("Кот\nспит.", "red")):
        corrections.add(tmp_path, picture(colour=colour), ".png", caption)
    found = items(Corrections, source=tmp_path)
    assert [item.captions for item in found] == [("Кот спит.",), ("Пёс.",)]
    assert all(item.image and item.image.is_file() for item in found)


def test_a_picture_is_kept_once_and_a_line_each_time(tmp_path: Path) -> None:
    made = [corrections.add(tmp_path, picture(), ".png", caption) for caption in ("а", "б", "а")]
    assert len({one.image_id for one in made}) == len(list((tmp_path / "images").rglob("*.png"))) == 1
    assert [found.caption for _, found in corrections.read(tmp_path)] == ["а", "б", "а"]


@pytest.mark.parametrize(
    "line", ['{"caption": "x"}', "[1]", '"x"', "{", '{"time":1,"image_id":"","file":"","caption":""}']
)
def test_a_line_that_is_none_is_named(tmp_path: Path, line: str) -> None:
    corrections.add(tmp_path, picture(), ".png", "а")
    with (tmp_path / corrections.FILE).open("a", encoding="utf-8") as file:
        file.write(line + "\n")
    with pytest.raises(DataError) as caught:
        items(Corrections, source=tmp_path)
    assert "line 2" in str(caught.value)


def test_it_may_not_lead_out_of_its_folder(tmp_path: Path) -> None:
    assert Corrections(Settings(source=tmp_path)).confined_to == tmp_path / "images"
