"""Flickr30k as Kaggle, its archives, Karpathy's json and translators hand it around."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from memecap.corpora import flickr30k, table
from memecap.errors import DataError, MissingFileError
from tests.corpora.sources import items, write

KAGGLE = """image_name| comment_number| comment
1000092795.jpg| 0| Two young guys with shaggy hair look at their hands .
2199200615.jpg| 3| A dog runs .
2199200615.jpg| 4   A dog runs across the grass .
"""


def test_kaggle_results_with_the_broken_row(tmp_path: Path) -> None:
    found = items(flickr30k.Flickr30k, source=write(tmp_path / "results.csv", KAGGLE))
    assert [(item.key, item.captions) for item in found] == [
        ("1000092795.jpg", ("Two young guys with shaggy hair look at their hands .",)),
        ("2199200615.jpg", ("A dog runs .",)),
        ("2199200615.jpg", ("A dog runs across the grass .",)),
    ]


def test_token_file_with_split_lists_and_pictures(tmp_path: Path) -> None:
    write(tmp_path / "lists" / "test_2016_images.txt", "7.jpg\n")
    write(tmp_path / "lists" / "train.txt", "8\n")
    source = write(tmp_path / "results.token", "7.jpg#0\tA  cat .\n7.jpg#1\tCats\t.\n8.jpg#0\tA dog .\n")
    found = items(flickr30k.Flickr30k, source=source, split_lists=tmp_path / "lists", images=tmp_path / "photos")
    assert [item.split for item in found] == ["test", "test", "train"]
    assert found[0].captions == ("A cat .",)
    assert found[0].image == tmp_path / "photos" / "7.jpg"


@pytest.mark.parametrize("csv", ["results.csv", "flickr30k_images/results.csv"])
@pytest.mark.parametrize("home", [".", "flickr30k_images", "flickr30k_images/flickr30k_images"])
@pytest.mark.parametrize("named", ["folder", "table"])
def test_kaggle_s_folder_with_its_pictures(tmp_path: Path, csv: str, home: str, named: str) -> None:
    table = write(tmp_path / csv, KAGGLE)
    (tmp_path / home).mkdir(parents=True, exist_ok=True)
    for name in ("1000092795.jpg", "2199200615.jpg"):
        (tmp_path / home / name).write_bytes(b"a picture")
    found = items(flickr30k.Flickr30k, source=tmp_path if named == "folder" or home == "." else table)
    pictures = [tmp_path / home / name for name in ("1000092795.jpg", "2199200615.jpg", "2199200615.jpg")]
    assert [item.image for item in found] == pictures


def test_captions_without_pictures_are_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "holiday.jpg").write_bytes(b"another picture of the same folder")
    found = items(flickr30k.Flickr30k, source=write(tmp_path / "results.csv", KAGGLE))
    assert {item.image for item in found} == {None}
    said = capsys.readouterr().err
    assert "no pictures" in said
    assert "--set images=" in said


def test_one_picture_that_is_missing_is_looked_for_where_the_others_are(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "2199200615.jpg").write_bytes(b"a picture")
    found = items(flickr30k.Flickr30k, source=write(tmp_path / "results.csv", KAGGLE))
    assert found[0].image == tmp_path / "images" / "1000092795.jpg"  # the build names it in left_out.jsonl


def test_a_folder_without_flickr30k_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match="no captions of Flickr30k") as caught:
        items(flickr30k.Flickr30k, source=tmp_path)
    assert "results.csv" in str(caught.value)


def test_karpathy_json(tmp_path: Path) -> None:
    image = {"filename": "7.jpg", "split": "restval", "sentences": [{"raw": "One."}, {"raw": "Two."}]}
    source = write(tmp_path / "dataset_flickr30k.json", json.dumps({"images": [image]}))
    (found,) = items(flickr30k.Flickr30k, source=source)
    assert (found.key, found.captions, found.split) == ("7.jpg", ("One.", "Two."), "train")


def test_parallel_lines(tmp_path: Path) -> None:
    write(tmp_path / "val_images.txt", "1.jpg\n2.jpg\n")
    for number in (1, 2):
        (tmp_path / f"val.{number}.en.gz").write_bytes(gzip.compress(f"a{number}\nb{number}\n".encode()))
    found = items(flickr30k.Flickr30k, source=tmp_path)
    assert [(item.key, item.captions, item.split) for item in found] == [
        ("1.jpg", ("a1", "a2"), "val"),
        ("2.jpg", ("b1", "b2"), "val"),
    ]
    (tmp_path / "val.2.en.gz").write_bytes(gzip.compress(b"a2\n"))
    with pytest.raises(DataError, match="1 captions for 2 pictures"):
        items(flickr30k.Flickr30k, source=tmp_path)


@pytest.mark.parametrize(("name", "text"), [("results.csv", "nothing"), ("x.token", "a\tb"), ("x.json", '{"a": 1}')])
def test_what_is_not_flickr30k_is_named(tmp_path: Path, name: str, text: str) -> None:
    with pytest.raises(DataError):
        items(flickr30k.Flickr30k, source=write(tmp_path / name, text))


@pytest.mark.real
def test_real_flickr30k(shared_data: Path, tmp_path: Path) -> None:
    from memecap.corpora.build.build import build

    corpus = build(flickr30k.Flickr30k(flickr30k.Settings(source=shared_data / "flickr30k")), tmp_path / "flickr30k")
    assert corpus.counts == {"train": 29_000, "val": 1_014, "test": 1_000}
    sides: dict[str, set[str]] = {}
    captions = 0
    for split in corpus.counts:
        for row in corpus.rows(split):
            sides.setdefault(row.group_id, set()).add(split)
            captions += len(row.captions)
    assert len(sides) == 31_014
    assert all(len(splits) == 1 for splits in sides.values())
    assert 155_000 < captions <= 155_070  # some pictures have one caption twice


@pytest.mark.real
def test_real_russian_captions(shared_data: Path) -> None:
    found = items(
        table.Table,
        source=shared_data / "flickr30k" / "captions_ru_google.tsv",
        caption="caption_ru",
        split_lists=shared_data / "flickr30k",
    )
    assert len(found) == 47_220
    assert {item.split for item in found} <= {"train", "val", "test", ""}
