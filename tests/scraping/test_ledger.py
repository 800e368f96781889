"""What became of each picture is kept, all of an answer or none of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from memecap.errors import StorageError
from memecap.scraping.ledger import Entry, open_ledger


def test_the_last_outcome_of_a_picture_stands(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        ledger.put([Entry(key="b", url="u", reason="http-404"), Entry(key="a", url="u", reason="time-out")])
    with open_ledger(tmp_path) as ledger:  # another run
        ledger.put([Entry(key="a", url="v", file="images/a.jpg", width=3)])
        assert ledger.get("a") == Entry(key="a", url="v", file="images/a.jpg", width=3)
        assert ledger.get("c") is None
        assert [entry.key for entry in ledger.fetched()] == ["a"]
        assert [entry.key for entry in ledger.entries()] == ["a", "b"]
        assert [entry.reason for entry in ledger.entries()] == ["", "http-404"]


def test_half_an_answer_is_not_kept(tmp_path: Path) -> None:
    def broken() -> Iterator[Entry]:
        yield Entry(key="a", url="u")
        raise RuntimeError("stopped")

    with open_ledger(tmp_path) as ledger:
        with pytest.raises(RuntimeError):
            ledger.put(broken())
        assert list(ledger.entries()) == []


def test_a_file_that_is_no_table_is_said(tmp_path: Path) -> None:
    (tmp_path / "pictures.sqlite").write_bytes(b"no table at all, but long enough to look like a file" * 9)
    with pytest.raises(StorageError), open_ledger(tmp_path):
        pass
