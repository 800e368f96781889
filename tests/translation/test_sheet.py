"""The sheet survives spreadsheets, and notices when one has spoilt it."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from memecap.core import config
from memecap.errors import DataError, TryLaterError
from memecap.translation.base import Translator

SENTENCES = [
    '=HYPERLINK("http://x")',
    "+1 cat",
    "-2 dogs",
    "@home",
    "'quoted'",
    'a "sign", here',
    "two\nlines",
    "a cat",
]


def _sheet(path: Path) -> Translator:
    made: Translator = config.build("translation", {"name": "sheet", "path": str(path)})
    return made


def _exported(path: Path, sentences: list[str] = SENTENCES) -> list[list[str]]:
    with pytest.raises(TryLaterError, match=f"{len(sentences)} sentences wait"):
        _sheet(path).translate(sentences)
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


def _save(path: Path, rows: list[list[str]], delimiter: str = ",") -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows(rows)


def test_no_cell_is_a_formula(tmp_path: Path) -> None:
    rows = _exported(tmp_path / "s.csv")
    assert rows[0] == ["id", "source", "translation"]
    assert not any(cell.startswith(("=", "+", "-", "@", "\t")) for row in rows for cell in row)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_sorted_and_saved_by_a_spreadsheet(tmp_path: Path, delimiter: str) -> None:
    path = tmp_path / "s.csv"
    header, *rows = _exported(path)
    filled = [[number, source, f"перевод {number}"] for number, source, _ in rows]
    _save(path, [header, *reversed(filled), ["", "", ""]], delimiter)
    by_source = {row[1].removeprefix("'"): row[2] for row in filled}
    assert _sheet(path).translate(SENTENCES)[1:4] == [by_source[s] for s in SENTENCES[1:4]]
    assert _sheet(path).translate(["a cat"]) == [by_source["a cat"]]


def test_an_apostrophe_that_the_spreadsheet_took_away(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    header, *rows = _exported(path)
    _save(path, [header, *([number, source.removeprefix("'"), "перевод"] for number, source, _ in rows)])
    assert _sheet(path).translate(SENTENCES[:4]) == ["перевод"] * 4


def test_what_is_filled_is_kept_when_more_is_asked(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    header, *rows = _exported(path, ["a cat", "a dog"])
    _save(path, [header, [*rows[0][:2], "кот"], [*rows[1][:2], "#NAME?"]])
    with pytest.raises(TryLaterError, match="2 sentences wait"):
        _sheet(path).translate(["a cat", "a dog", "a fish"])
    assert _sheet(path).translate(["a cat"]) == ["кот"]
    assert len(path.read_text(encoding="utf-8").splitlines()) == 4


def test_a_translation_that_slipped_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    header, first, second = _exported(path, ["a cat", "a dog"])
    _save(path, [header, [first[0], second[1], "собака"], [second[0], first[1], "кот"]])
    with pytest.raises(DataError, match="does not belong") as caught:
        _sheet(path)
    assert "line 2" in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [("привет".encode("cp1251"), "UTF-8"), (b"number,text\n1,a\n", "first line"), (b"", "first line")],
)
def test_files_that_are_no_sheet(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "s.csv").write_bytes(content)
    with pytest.raises(DataError, match=message):
        _sheet(tmp_path / "s.csv")


def test_the_version_follows_the_translations(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    header, row = _exported(path, ["a cat"])
    empty = _sheet(path).version
    _save(path, [header, [*row[:2], "кот"]])
    assert _sheet(path).version != empty
