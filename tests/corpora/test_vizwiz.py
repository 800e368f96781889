"""VizWiz as its archives unpack, and as tables of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from memecap.corpora import vizwiz
from tests.corpora.sources import items, write


def test_vizwiz_as_its_archives_unpack(tmp_path: Path) -> None:
    for split in ("train", "val"):
        name = f"VizWiz_{split}_00000000.jpg"
        content = {"images": [{"id": 0, "file_name": name}], "annotations": [{"image_id": 0, "caption": "A box."}]}
        write(tmp_path / "annotations" / f"{split}.json", json.dumps(content))
        write(tmp_path / split / name, "a picture")
    found = items(vizwiz.VizWiz, source=tmp_path)
    assert [item.image for item in found] == [
        tmp_path / split / f"VizWiz_{split}_00000000.jpg" for split in ("train", "val")
    ]


def test_vizwiz_json_drops_by_flag(tmp_path: Path) -> None:
    def annotation(caption: str, **flags: bool) -> dict[str, object]:
        return {"image_id": 0, "caption": caption, "is_precanned": False, "is_rejected": False, **flags}

    content = {
        "images": [{"id": 0, "file_name": "VizWiz_train_00000000.jpg", "vizwiz_url": "u", "text_detected": True}],
        "annotations": [
            annotation("A tin of soup"),
            annotation("Quality issues are too severe", is_precanned=True),
            annotation("spam", is_rejected=True),
        ],
    }
    (found,) = items(vizwiz.VizWiz, source=write(tmp_path / "train.json", json.dumps(content)), images=tmp_path)
    assert found.captions == ("A tin of soup",)
    assert (found.split, found.source_url, found.image) == ("train", "u", tmp_path / "VizWiz_train_00000000.jpg")


def test_vizwiz_csv_with_a_caption_on_two_lines(tmp_path: Path) -> None:
    source = write(tmp_path / "captions.csv", 'caption,file_name\n"A box, ""BIG""\nof tea",VizWiz_val_00000001\n')
    (found,) = items(vizwiz.VizWiz, source=source)
    assert (found.key, found.captions, found.split) == ("VizWiz_val_00000001.jpg", ('A box, "BIG" of tea',), "val")


@pytest.mark.real
def test_real_vizwiz(shared_data: Path) -> None:
    found = items(vizwiz.VizWiz, source=shared_data / "vizwiz")
    assert len(found) == 33_583
    assert {item.split for item in found} == {"val"}
