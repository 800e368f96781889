"""Whatever text a source holds, its corpus is built, stored as UTF-8 and read back as a person sees it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from memecap.core import manifest
from memecap.corpora import flickr30k, memes, table, vizwiz, xm3600
from memecap.corpora.base import CorpusSettings, Item, Source
from memecap.corpora.build.build import build
from memecap.scraping.post import write_posts
from memecap.scraping.wall import parse_post

HOSTILE = "кот\ud83d \u202eзадом\u202c на\0перёд и\u0306 \ud83d\ude00"
SEEN = "кот\ufffd задом наперёд й 😀"


def rows(source: Source, folder: Path) -> list[manifest.Row]:
    made = build(source, folder)
    for path in folder.rglob("*.jsonl"):
        text = path.read_bytes().decode()
        assert "\\u" not in text and "\0" not in text
    return [row for split in made.counts for row in made.rows(split)]


def test_posts(paint, tmp_path: Path) -> None:
    paint("1.jpg", 1, folder="scrape")
    size = {"type": "x", "url": "http://a/1", "width": 1, "height": 1}
    photo = {"type": "photo", "photo": {"id": 1, "owner_id": -1, "sizes": [size]}}
    post = parse_post({"id": 1, "owner_id": -1, "text": f"{HOSTILE} #мем", "attachments": [photo]})
    assert post
    record = {**post.to_json(), "text": HOSTILE}  # of a scrape by an earlier version
    record["photos"][0]["file"] = "1.jpg"
    assert post.text == f"{SEEN} #мем"
    write_posts(tmp_path / "scrape", [type(post).from_json(record)])
    (row,) = rows(memes.Memes(memes.Settings(source=tmp_path / "scrape")), tmp_path / "c")
    assert (row.captions, row.source_captions) == ((SEEN,), (SEEN,))


def test_annotations(tmp_path: Path) -> None:
    coco = {"images": [{"id": 1, "file_name": "1.jpg"}], "annotations": [{"image_id": 1, "caption": HOSTILE}]}
    (tmp_path / "t.json").write_text(json.dumps(coco))
    for part in (table.Table(table.Settings(source=tmp_path / "t.json")),
                 vizwiz.VizWiz(vizwiz.Settings(source=tmp_path / "t.json"))):  # fmt: skip
        (row,) = rows(part, tmp_path / part.config.name)
        assert row.captions == (SEEN,)


def test_karpathy_and_xm3600(tmp_path: Path) -> None:
    image = {"filename": "1.jpg", "split": "train", "sentences": [{"raw": HOSTILE}]}
    (tmp_path / "k.json").write_text(json.dumps({"images": [image]}))
    (tmp_path / "captions.jsonl").write_text(json.dumps({"image/key": "1", "ru": {"caption": [HOSTILE]}}) + "\n")
    for part in (flickr30k.Flickr30k(flickr30k.Settings(source=tmp_path / "k.json")),
                 xm3600.Xm3600(xm3600.Settings(source=tmp_path))):  # fmt: skip
        (row,) = rows(part, tmp_path / "made" / part.config.name)
        assert row.captions == (SEEN,)


class Anything(Source):
    """A source outside the package that cleans nothing."""

    def items(self):
        yield Item(
            key=f"1{HOSTILE}", captions=(f"{HOSTILE}\nдва", HOSTILE), source_captions=(HOSTILE,), source_url=HOSTILE,
            group=HOSTILE,
        )  # fmt: skip
        yield Item(key="2", captions=("\u200b\0",))


def test_a_source_outside_the_package(tmp_path: Path) -> None:
    (row,) = rows(Anything(CorpusSettings(name="anything", source=tmp_path / "none")), tmp_path / "c")
    assert row.captions == (f"{SEEN}\nдва", SEEN)
    assert row.source_captions[0] == row.source_url == SEEN
    assert row.source_id == f"1{SEEN}"


@pytest.mark.parametrize("name", ["377213364", "377213364.jpg", "377213364.JPEG", "377213364.png"])
def test_one_spelling_of_a_pictures_name(name: str) -> None:
    assert manifest.source_key(name) == "377213364"


@pytest.mark.parametrize("name", ["a.b", "1.0", "http://host/1.jpg", ".jpg", "a/.png", "кот", "x.jpgs", ""])
def test_names_without_an_ending_of_a_picture_stay(name: str) -> None:
    assert manifest.source_key(name) == name


def test_every_ending_of_a_picture_is_known() -> None:
    from memecap.pictures.safe_open import EXTENSIONS

    assert {manifest.source_key(f"1{ending}") for ending in EXTENSIONS} == {"1"}


def test_a_name_with_and_without_ending_is_one_row(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("image_id,caption\n377213364.jpg,кот\n377213364,пёс\n")
    (row,) = rows(table.Table(table.Settings(source=tmp_path / "t.csv")), tmp_path / "c")
    assert row.captions == ("кот", "пёс")


def test_two_corpora_of_one_picture_give_it_one_split(tmp_path: Path) -> None:
    """Flickr30k names its files, its Russian captions the bare number: without pictures the name alone joins them."""
    names = [str(1000 + n) for n in range(40)]
    (tmp_path / "results.token").write_text("".join(f"{name}.jpg#0\ta cat {name}\n" for name in names))
    (tmp_path / "ru.tsv").write_text("image_id\tcaption\n" + "".join(f"{name}\tкот {name}\n" for name in names))
    english = rows(flickr30k.Flickr30k(flickr30k.Settings(source=tmp_path / "results.token")), tmp_path / "en")
    russian = rows(table.Table(table.Settings(source=tmp_path / "ru.tsv")), tmp_path / "ru")
    sides = [{row.captions[0].split()[-1]: (row.image_id, row.split) for row in part} for part in (english, russian)]
    assert sides[0] == sides[1]


def test_lists_of_splits_and_pictures_by_either_name(paint, tmp_path: Path) -> None:
    for number in range(4):
        paint(f"{number}.jpg", number)
    lists = {"train_images.txt": "0.jpg\n1\n", "val_images.txt": "2.jpg\n3\n"}
    for name, text in lists.items():
        (tmp_path / "lists").mkdir(exist_ok=True)
        (tmp_path / "lists" / name).write_text(text)
    (tmp_path / "t.csv").write_text("image_id,caption\n0,кот\n1.jpg,кот\n2,кот\n3.jpg,кот\n")
    settings = table.Settings(source=tmp_path / "t.csv", images=tmp_path / "images", split_lists=tmp_path / "lists")
    found = {row.source_id: (row.split, bool(row.file_name)) for row in rows(table.Table(settings), tmp_path / "c")}
    assert found == {"0": ("train", True), "1.jpg": ("train", True), "2": ("val", True), "3.jpg": ("val", True)}


def test_flickr30k_and_its_russian_captions_meet(shared_data: Path) -> None:
    folder = shared_data / "flickr30k"
    files = {name for path in folder.glob("*_images.txt") for name in path.read_text().split()}
    lines = (folder / "captions_ru_google.tsv").read_text(encoding="utf-8").splitlines()[1:]
    numbers = {line.partition("\t")[0] for line in lines}
    assert not files & numbers
    assert len({manifest.source_key(name) for name in files} & set(map(manifest.source_key, numbers))) == 25_014
