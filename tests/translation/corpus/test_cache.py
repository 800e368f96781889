"""The cache keeps engines apart, shares its file, and says so when it cannot."""

from __future__ import annotations

from pathlib import Path

import pytest

from memecap.errors import StorageError
from memecap.translation.corpus.cache import open_cache


def test_engines_are_kept_apart(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "c.sqlite"
    with open_cache(path, "one") as one, open_cache(path, "two") as two:
        one.put({"a cat": "кот", 'it\'s "Ю"\n': "это"})
        two.put({"a cat": "кошка"})
        assert one.get(["a cat", 'it\'s "Ю"\n', "a dog"]) == {"a cat": "кот", 'it\'s "Ю"\n': "это"}
        assert two.get(["a cat", "a dog"]) == {"a cat": "кошка"}
    with open_cache(path, "one") as one:
        assert one.get(["a cat", "a cat"]) == {"a cat": "кот"}
        assert one.get([]) == {}


def test_a_batch_is_stored_whole_or_not_at_all(tmp_path: Path) -> None:
    with open_cache(tmp_path / "c.sqlite", "one") as cache:
        with pytest.raises(StorageError), open_cache(tmp_path / "c.sqlite", "one") as other:
            other.put({"a": "а", "b": None})  # type: ignore[dict-item]
        assert cache.get(["a", "b"]) == {}


def test_a_file_that_is_no_cache(tmp_path: Path) -> None:
    (tmp_path / "c.sqlite").write_bytes(b"something else entirely" * 50)
    with pytest.raises(StorageError, match="cache"), open_cache(tmp_path / "c.sqlite", "one"):
        pass
