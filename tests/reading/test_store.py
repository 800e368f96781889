"""Raw passes are kept by the pixels of a picture, not by its file."""

import io

import pytest
from PIL import Image

from memecap.errors import StorageError
from memecap.reading.engine.passes import Word
from memecap.reading.stored.passes import WordStore, default_path, picture_key

SEEN = [Word("кот", (1, 2, 30, 14), 0.9, 0), Word('"', (40, 2, 44, 14), 0.25, 1)]


@pytest.mark.parametrize("in_memory", [True, False])
def test_words_come_back_and_absent_ones_are_none(tmp_path, in_memory):
    path = None if in_memory else tmp_path / "new" / "reading.sqlite"
    store = WordStore(path)
    store.put("plain-11", "tesseract 5", {"a": SEEN, "b": []})
    assert store.get("a", "plain-11", "tesseract 5") == SEEN
    assert store.get("b", "plain-11", "tesseract 5") == []
    assert store.get("a", "plain-3", "tesseract 5") is None
    assert store.get("a", "plain-11", "tesseract 6") is None
    if path:
        assert WordStore(path).get("a", "plain-11", "tesseract 5") == SEEN


def test_a_picture_is_known_by_its_pixels():
    image = Image.new("RGB", (6, 4), "red")
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    assert picture_key(Image.open(buffer)) == picture_key(image)
    assert picture_key(Image.new("RGB", (4, 6), "red")) != picture_key(image)


def test_the_place_follows_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("MEMECAP_CACHE", str(tmp_path))
    assert default_path() == tmp_path / "reading.sqlite"


def test_a_place_that_cannot_be_used_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="MEMECAP_CACHE"):
        WordStore(tmp_path / "file" / "reading.sqlite")
