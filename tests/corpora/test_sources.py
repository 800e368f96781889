"""Each source in each of the forms it is handed around in."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from memecap.core.config import load
from memecap.corpora import flickr30k, memes, table, vizwiz
from memecap.corpora.base import Item, Source
from memecap.errors import ConfigError, DataError, MissingFileError
from memecap.scraping.post import Photo, Post, write_posts

KAGGLE = """image_name| comment_number| comment
1000092795.jpg| 0| Two young guys with shaggy hair look at their hands .
2199200615.jpg| 3| A dog runs .
2199200615.jpg| 4   A dog runs across the grass .
"""


def items(part: type[Source], **settings: object) -> list[Item]:
    return list(part(part.Config(**settings)).items())


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


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


def test_memes_tables(meme_tables: Path) -> None:
    found = items(memes.Memes, source=meme_tables)
    assert [item.split for item in found] == ["train"] * 6 + ["val"] * 3
    assert found[0].captions == ('Надпись "мем 0".',)
    assert found[0].image == meme_tables / "images" / "0.jpg"


def test_memes_from_posts(tmp_path: Path) -> None:
    def photo(number: int, kind: str = "photo", **more: str) -> Photo:
        return Photo(kind=kind, owner_id=-1, photo_id=number, url="u", **{"file": f"images/{number}.jpg", **more})

    def post(number: int, *photos: Photo, **more: object) -> Post:
        values = {"description": f"мем {number}", "text": f"мем {number} #тег", "date": number, **more}
        return Post(owner_id=-1, post_id=number, photos=photos, **values)

    posts = [
        post(1, photo(1)),
        post(2, photo(2), photo(3)),
        post(3, photo(4), origin_owner_id=-9, origin_post_id=8),
        post(4, photo(5, file="", reason="http-404")),
        post(5, photo(6), description=""),
        post(6, photo(7), is_ad=True),
        post(7, photo(8, kind="link")),
        post(8),
    ]
    write_posts(tmp_path, posts)
    found = {item.key: item for item in items(memes.Memes, source=tmp_path)}
    assert list(found) == ["-1_1", "-1_2", "-1_3", "-1_4"]
    assert found["-1_1"].image == tmp_path / "images" / "1.jpg"
    assert found["-1_1"].source_captions == ("мем 1 #тег",)
    assert found["-1_1"].source_url == "https://vk.com/wall-1_1"
    assert found["-1_3"].group == "-9_8"
    assert (found["-1_4"].image, found["-1_4"].reason) == (None, "not fetched: http-404")
    assert [item.key for item in items(memes.Memes, source=tmp_path, several="skip")] == ["-1_1", "-1_3", "-1_4"]


def test_memes_from_an_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match=r"posts\.jsonl"):
        items(memes.Memes, source=tmp_path)


@pytest.mark.parametrize("path", sorted((Path(__file__).parents[2] / "configs" / "corpora").glob("*.yaml")), ids=str)
def test_every_yaml_loads(path: Path) -> None:
    from memecap.core import registry
    from memecap.core.config import read_yaml

    part = registry.load("corpora", read_yaml(path)["name"])
    assert load(part.Config, path).source.parts[:2] == ("data", "raw")
    with pytest.raises(ConfigError, match="did you mean `language`"):
        load(part.Config, path, ["languag=ru"])


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


@pytest.mark.real
def test_real_vizwiz(shared_data: Path) -> None:
    found = items(vizwiz.VizWiz, source=shared_data / "vizwiz")
    assert len(found) == 33_583
    assert {item.split for item in found} == {"val"}
