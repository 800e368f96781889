"""Tables in each of the forms they are handed around in; what would lose rows is refused with its line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from memecap.core.config import load
from memecap.corpora import memes, table, vizwiz
from memecap.errors import ConfigError, DataError, MissingFileError
from tests.corpora.sources import items, write


def test_table_without_quoting_keeps_quotes(tmp_path: Path) -> None:
    source = write(tmp_path / "t.tsv", 'image_id\tcaption_ru\n7\tНадпись: "да"\n7\t"Ещё" одна\n')
    found = items(table.Table, source=source, caption="caption_ru")
    assert [item.captions for item in found] == [('Надпись: "да"',), ('"Ещё" одна',)]


def test_table_csv_with_quotes_split_and_files(tmp_path: Path) -> None:
    source = write(tmp_path / "t.csv", 'n,path,text,side\n7,a/7.png,"Раз, два",validation\n')
    (found,) = items(
        table.Table, source=source, id="n", file="path", caption="text", split="side", images=tmp_path / "p"
    )
    assert (found.captions, found.split, found.image) == (("Раз, два",), "val", tmp_path / "p" / "a" / "7.png")


def test_table_without_header(tmp_path: Path) -> None:
    source = write(tmp_path / "t.tsv", "7\tраз\n")
    (found,) = items(table.Table, source=source, columns=("image_id", "caption"))
    assert (found.key, found.captions) == ("7", ("раз",))


def test_table_coco_json(tmp_path: Path) -> None:
    content = {
        "images": [{"id": 1, "file_name": "1.jpg"}, {"id": 2, "file_name": "2.jpg"}],
        "annotations": [{"image_id": 2, "caption": "two"}, {"image_id": 1, "caption": "one"}],
    }
    found = items(table.Table, source=write(tmp_path / "captions.json", json.dumps(content)), images=tmp_path)
    assert [(item.key, item.captions, item.image) for item in found] == [
        ("1.jpg", ("one",), tmp_path / "1.jpg"),
        ("2.jpg", ("two",), tmp_path / "2.jpg"),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [("image_id\tcaption\n1\n", "line 2"), ("id\tcaption\n1\tx\n", "no column 'image_id'")],
)
def test_a_table_that_does_not_fit_is_named_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        items(table.Table, source=write(tmp_path / "t.tsv", text))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('image_id,caption\n1,один\n2,"два\n3,три\n4,"четыре"\n5,пять\n', "line 3"),
        ('image_id,caption\n1,один\n2,"два\n3,три\n', "line 3"),
        ('image_id,caption\n1,один\n2,"два\n3,три"\n4,четыре\n', "line 3"),
        ("image_id,caption,caption\n1,один,два\n", "two columns have one name: caption"),
        ("image_id,caption\n1,один\n,два\n ,три\n", "the image_id is empty"),
    ],
)
def test_a_table_that_would_lose_rows_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DataError) as caught:
        items(table.Table, source=write(tmp_path / "t.csv", text))
    assert message in str(caught.value)


def test_rows_without_an_id_are_not_one_meme(tmp_path: Path) -> None:
    write(tmp_path / "train.csv", "uid\ttext\n1\tодин\n\tдва\n")
    with pytest.raises(DataError, match="the uid is empty"):
        items(memes.Memes, source=tmp_path)
    with pytest.raises(DataError, match="the file_name is empty"):
        items(vizwiz.VizWiz, source=write(tmp_path / "v.csv", "caption,file_name\none,\n"))


def test_a_table_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError):
        items(table.Table, source=tmp_path / "t.tsv")


@pytest.mark.parametrize("path", sorted((Path(__file__).parents[2] / "configs" / "corpora").glob("*.yaml")), ids=str)
def test_every_yaml_loads(path: Path) -> None:
    from memecap.core import registry
    from memecap.core.config import read_yaml

    part = registry.load("corpora", read_yaml(path)["name"])
    assert load(part.Config, path).source.parts[:2] == ("data", "raw")
    with pytest.raises(ConfigError, match="did you mean `language`"):
        load(part.Config, path, ["languag=ru"])
