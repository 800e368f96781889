"""Readings beside a corpus: nothing is read twice, a stopped run goes on."""

from collections.abc import Sequence

import pytest
from PIL import Image

from memecap.core import manifest, storage
from memecap.core.manifest import Row
from memecap.errors import MissingFileError
from memecap.reading.base import Line, Reader, Reading
from memecap.reading.stored.readings import load_readings, read_corpus, readings_path


class Counting(Reader):
    """Says how wide a picture is, and counts the pictures it was given."""

    def __init__(self, fails_after: int | None = None) -> None:
        self.seen = 0
        self.fails_after = fails_after

    @property
    def version(self) -> str:
        return "counting 1/a"

    def read(self, images: Sequence[Image.Image]) -> list[Reading]:
        self.seen += len(images)
        if self.fails_after is not None and self.seen > self.fails_after:
            raise KeyboardInterrupt
        return [
            Reading((Line(f"ширина {image.width}", (0, 0, 1, 1), 0.5),), image.width, image.height, self.version)
            for image in images
        ]


def stop(*_):
    raise KeyboardInterrupt


@pytest.fixture
def corpus(tmp_path):
    rows = []
    for number in range(5):
        split = "val" if number == 4 else "train"
        name = f"images/{number}.png"
        path = tmp_path / "memes" / split / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (10 + number, 8)).save(path)
        rows.append(
            Row(captions=("а",), image_id=f"id{number}", group_id="g", corpus="memes", split=split, file_name=name)
        )
    rows.append(Row(captions=("только текст",), image_id="text", group_id="t", corpus="memes", split="train"))
    counts = manifest.write_rows(tmp_path / "memes", rows)
    return manifest.finish(tmp_path / "memes", "memes", counts)


def test_every_picture_is_read_once_and_stored(corpus):
    reader = Counting()
    read_corpus(corpus, reader)
    readings = load_readings(corpus.folder)
    assert {key: reading.text for key, reading in readings.items()} == {f"id{n}": f"ширина {10 + n}" for n in range(5)}
    assert readings == load_readings(corpus.folder, reader.version) == read_corpus(corpus, reader)
    assert reader.seen == 5


def test_splits_add_to_each_other(corpus):
    reader = Counting()
    read_corpus(corpus, reader, ["val"])
    assert set(load_readings(corpus.folder)) == {"id4"}
    read_corpus(corpus, reader, ["train"])
    assert reader.seen == 5
    assert len(load_readings(corpus.folder)) == 5


def test_a_stopped_run_goes_on_where_it_was(corpus):
    with pytest.raises(KeyboardInterrupt):
        read_corpus(corpus, Counting(fails_after=4), batch_size=2)
    part = readings_path(corpus.folder, Counting().version).with_suffix(".part")
    part.write_bytes(part.read_bytes() + b'{"image_id": "id2", "li')  # killed while writing
    assert load_readings(corpus.folder) == {}
    again = Counting()
    read_corpus(corpus, again, batch_size=2)
    assert again.seen == 1
    assert len(load_readings(corpus.folder)) == 5
    assert not part.exists()


def test_a_run_stopped_before_it_wrote_down_what_it_had_read_loses_nothing(corpus, monkeypatch):
    read_corpus(corpus, Counting(), ["val"])
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(storage, "write_jsonl", stop)
        read_corpus(corpus, Counting())
    reader = Counting()
    assert len(read_corpus(corpus, reader)) == len(load_readings(corpus.folder)) == 5
    assert reader.seen == 0


def test_stored_readings_have_equal_bytes_whatever_the_batches(corpus):
    read_corpus(corpus, Counting(), batch_size=1)
    path = readings_path(corpus.folder, Counting().version)
    first = storage.sha256_file(path)
    path.unlink()
    read_corpus(corpus, Counting(), batch_size=3)
    assert storage.sha256_file(path) == first


def test_none_stored_is_empty_and_a_named_version_must_be_there(corpus):
    assert load_readings(corpus.folder) == {}
    with pytest.raises(MissingFileError, match="memecap read"):
        load_readings(corpus.folder, "tesseract 1")
