"""A table may name any path: no file outside the source's pictures is read, and none is ever quoted."""

from __future__ import annotations

import json
import os
import shutil
import socket
from pathlib import Path

import pytest
from PIL import Image

from memecap.core import manifest, storage
from memecap.corpora import table
from memecap.corpora.build.build import build
from memecap.corpora.build.pictures import inspect
from memecap.corpora.table import Table
from memecap.corpora.tools.check import check
from memecap.corpora.tools.export import export
from memecap.errors import DataError, MemecapError, StorageError
from memecap.pictures.safe_open import MAX_BYTES, open_picture

SECRET = "root:x:0:0:secret"


@pytest.fixture
def images(paint, tmp_path: Path) -> Path:
    """A folder of pictures, and beside it a secret and a picture that are none of the table's business."""
    paint("good.jpg", 1)
    paint("inside.jpg", 2, folder="images/deeper")
    paint("private.jpg", 3, folder="elsewhere")
    (tmp_path / "elsewhere" / "token").write_text(SECRET)
    return tmp_path / "images"


def built(images: Path, *names: str) -> tuple[set[str], dict[str, str]]:
    """The rows' keys and the reasons of what was left out, of a table that names these files."""
    source = images.parent / "t.json"
    records = [{"id": n, "file_name": name} for n, name in enumerate(names)]
    notes = [{"image_id": n, "caption": f"кот {n}"} for n in range(len(names))]
    source.write_text(json.dumps({"images": records, "annotations": notes}))
    corpus = build(Table(table.Settings(source=source, images=images)), images.parent / "c")
    left = {item["key"]: item["reason"] for item in storage.read_jsonl(corpus.folder / manifest.LEFT_OUT)}
    everything = b"".join(path.read_bytes() for path in corpus.folder.rglob("*") if path.is_file())
    assert SECRET.encode() not in everything
    return {row.source_id for split in corpus.counts for row in corpus.rows(split)}, left


@pytest.mark.parametrize(
    "name", ["../elsewhere/private.jpg", "../elsewhere/token", "deeper/../../elsewhere/private.jpg"]
)
def test_a_path_that_climbs_out(images: Path, name: str) -> None:
    rows, left = built(images, "good.jpg", name)
    assert rows == {"good.jpg"}
    assert left == {name: f"the path '{name}' leads out of the folder of pictures"}


def test_an_absolute_path(images: Path) -> None:
    outside, inside = str(images.parent / "elsewhere" / "private.jpg"), str(images / "good.jpg")
    rows, left = built(images, inside, outside)
    assert rows == {inside}
    assert left == {outside: f"the path '{outside}' leads out of the folder of pictures"}


def test_links(images: Path, tmp_path: Path) -> None:
    (images / "token.jpg").symlink_to(tmp_path / "elsewhere" / "token")
    (images / "private.jpg").symlink_to(tmp_path / "elsewhere" / "private.jpg")
    (images / "folder").symlink_to(tmp_path / "elsewhere")
    (images / "own.jpg").symlink_to(images / "deeper" / "inside.jpg")
    (images / "circle.jpg").symlink_to(images / "circle.jpg")
    (images / "round").symlink_to(images / "round")
    for name in ("circle.jpg", "round/a.jpg"):
        assert built(images, "good.jpg", name)[1].keys() == {name}
    shutil.rmtree(images.parent / "c")
    rows, left = built(images, "own.jpg", "token.jpg", "private.jpg", "folder/private.jpg", "deeper/../good.jpg")
    assert rows == {"own.jpg", "deeper/../good.jpg"}
    assert set(left) == {"token.jpg", "private.jpg", "folder/private.jpg"}
    assert all("leads out" in reason for reason in left.values())


def test_a_folder_of_pictures_may_itself_be_a_link(images: Path, tmp_path: Path) -> None:
    (tmp_path / "mounted").symlink_to(images)
    assert built(tmp_path / "mounted", "good.jpg", "deeper/inside.jpg") == ({"good.jpg", "deeper/inside.jpg"}, {})


def test_what_is_no_regular_file_is_not_opened(images: Path) -> None:
    os.mkfifo(images / "fifo.jpg")
    (images / "folder.jpg").mkdir()
    with socket.socket(socket.AF_UNIX) as listening:
        here = Path.cwd()
        os.chdir(images)  # a socket's path is short
        listening.bind("socket.jpg")
        os.chdir(here)
        rows, left = built(images, "good.jpg", "fifo.jpg", "folder.jpg", "socket.jpg")
    assert rows == {"good.jpg"}
    assert left["fifo.jpg"] == left["socket.jpg"] == "not a regular file"
    assert left["folder.jpg"] == "Is a directory"


def test_names_that_no_file_can_have(images: Path) -> None:
    names = ["a\0b.jpg", "\ud83d.jpg", "x" * 300 + ".jpg"]
    rows, left = built(images, "good.jpg", *names)
    assert rows == {"good.jpg"}
    assert len(left) == 3


@pytest.mark.parametrize("head", [b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"GIF89a", b"BM", b"RIFF0000WEBP"])
def test_no_reason_quotes_a_file(tmp_path: Path, head: bytes) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(head + SECRET.encode() * 40)
    words = ("root", ":x:", "secret", "t:x", "ecre")
    reason = inspect(str(path)).reason
    assert reason
    with pytest.raises(MemecapError) as caught:
        open_picture(path)
    for said in (reason, caught.value.what):
        assert not any(word in said for word in words), said


def test_a_huge_file_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "huge.jpg"
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1)  # sparse: it takes no space
    assert inspect(str(path)).reason == "too many bytes"
    with pytest.raises(DataError, match="bytes are more than"):
        open_picture(path)
    text = tmp_path / "text.jpg"
    text.write_bytes(b"<html>" + b" " * 50_000_000)
    import tracemalloc

    tracemalloc.start()
    try:
        assert inspect(str(text)).reason == "not an image"
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


def test_a_fifo_is_refused_by_whatever_opens_pictures(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo.jpg")
    with pytest.raises(StorageError, match="not a regular file"):
        open_picture(tmp_path / "fifo.jpg")


def test_a_device_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="not a regular file"):
        open_picture(Path("/dev/zero"))


def test_posts_name_no_file_outside_their_folder(images: Path, tmp_path: Path) -> None:
    from memecap.corpora import memes
    from memecap.scraping.post import Photo, Post, write_posts

    photo = Photo(kind="photo", owner_id=-1, photo_id=1, url="http://a/1", file="../elsewhere/private.jpg")
    post = Post(owner_id=-1, post_id=1, date=0, text="кот", description="кот", photos=(photo,))
    write_posts(tmp_path / "scrape", [post])
    corpus = build(memes.Memes(memes.Settings(source=tmp_path / "scrape")), tmp_path / "c")
    assert corpus.counts == {}
    (left,) = storage.read_jsonl(corpus.folder / manifest.LEFT_OUT)
    assert "leads out" in left["reason"]


def test_a_dataset_record_names_no_file_outside_its_folder(images: Path, tmp_path: Path) -> None:
    from memecap.corpora import hub

    private, own = tmp_path / "elsewhere" / "private.jpg", images / "good.jpg"
    source = hub.Hub(hub.Settings(source=images, images=tmp_path / "written"))
    assert source._image({"image": {"bytes": None, "path": str(private)}}, "here") == (None, "no picture in the record")
    assert source._image({"image": {"bytes": None, "path": str(own)}}, "here") == (own, "")


@pytest.mark.parametrize("name", ["../../../elsewhere/private.jpg", "{tmp}/elsewhere/private.jpg", "images/../../../x"])
def test_rows_of_a_corpus_name_no_file_outside_it(images: Path, tmp_path: Path, name: str) -> None:
    """A corpus comes from anybody too: its metadata is a json that names paths."""
    name = name.format(tmp=tmp_path)
    row = manifest.Row(captions=("кот",), image_id="1", group_id="1", corpus="c", split="train", file_name=name)
    folder = tmp_path / "theirs"
    corpus = manifest.finish(folder, "theirs", manifest.write_rows(folder, [row]))
    for use in (lambda: export(corpus, "parquet", tmp_path / "out"), lambda: check([folder])):
        with pytest.raises(DataError, match="leads out of the folder"):
            use()


def test_pictures_of_every_format_are_still_taken(tmp_path: Path) -> None:
    for suffix in ("jpg", "png", "gif", "webp", "bmp"):
        Image.linear_gradient("L").convert("RGB").save(tmp_path / f"a.{suffix}")
        assert inspect(str(tmp_path / f"a.{suffix}")).reason == ""
