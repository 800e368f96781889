"""A spreadsheet filled by people or by the spreadsheet's own translator: export, fill in, run the same command again.

Out: a CSV `id,source,translation`; the id is a hash of the source, so rows may be sorted, and a translation that has
slipped to another sentence is noticed. In: the same file with its third column filled, as Excel, LibreOffice or
Google Sheets save it (comma, semicolon or tab). A cell that a spreadsheet would run as a formula is written with an
apostrophe in front (OWASP, "CSV injection").
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from pydantic import Field

from memecap.core import storage
from memecap.core.config import PartConfig
from memecap.errors import DataError, TryLaterError
from memecap.translation.base import Translator

_COLUMNS = ("id", "source", "translation")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "'", "|", "%")
# What a spreadsheet shows while it computes, or instead of a result.
_NOT_YET = re.compile(r"#[A-ZА-Я/0]+[!?]?|#N/A|Loading\.{3}|Загрузка\.{3}")


class Settings(PartConfig):
    name: str = "sheet"
    path: Path = Field(Path("translations.csv"), description="the CSV that is written, filled in and read back")


class SheetTranslator(Translator):
    """English → Russian by whoever fills in the sheet."""

    Config = Settings

    def __init__(self, config: Settings) -> None:
        self.config = config
        self._rows = _read(config.path) if config.path.exists() else {}

    @property
    def version(self) -> str:
        filled = sorted(f"{key}\0{translation}" for key, (_, translation) in self._rows.items() if translation)
        return f"sheet {self.config.path.name}@{storage.sha256_bytes(chr(10).join(filled).encode())[:12]}"

    def prepare(self, sentences: Iterable[str]) -> None:
        """Add the sentences that the sheet lacks. Raises `TryLaterError` while any is without a translation."""
        wanted = {key(sentence): (sentence, "") for sentence in sentences if sentence.strip()}
        rows = self._rows | {number: row for number, row in wanted.items() if number not in self._rows}
        empty = sum(1 for number in wanted if not rows[number][1])
        if not empty:
            return
        if len(rows) > len(self._rows):
            _write(self.config.path, rows)
        fix = "Fill the column `translation`, save as CSV in UTF-8 under the same name, run the command again."
        raise TryLaterError(f"{empty} sentences wait for a translation", where=self.config.path, fix=fix)

    def translate(self, sentences: Sequence[str]) -> list[str]:
        self.prepare(sentences)
        return [self._rows.get(key(sentence), ("", ""))[1] for sentence in sentences]


def key(sentence: str) -> str:
    """The id of a sentence: a letter, so that no spreadsheet takes it for a number, and 16 hexadecimal digits."""
    return "s" + storage.sha256_bytes(" ".join(sentence.split()).encode())[:16]


def _write(path: Path, rows: dict[str, tuple[str, str]]) -> None:
    with storage.atomic_writer(path) as file:
        file.write("\ufeff")  # without it Excel takes UTF-8 for the system's own encoding
        writer = csv.writer(file)
        writer.writerow(_COLUMNS)
        writer.writerows((number, _escape(source), _escape(target)) for number, (source, target) in rows.items())


def _read(path: Path) -> dict[str, tuple[str, str]]:
    """id → (source, translation). Raises `DataError` with the line of what cannot be trusted."""
    rows: dict[str, tuple[str, str]] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header = file.readline()
            delimiter = max(",;\t", key=header.count)
            if tuple(cell.strip().strip('"') for cell in header.split(delimiter)) != _COLUMNS:
                raise DataError(f"the first line is not {','.join(_COLUMNS)}", where=path, fix="Put it back.")
            reader = csv.reader(file, delimiter=delimiter)
            for cells in reader:
                if any(cells):
                    number, source, translation = _row(cells, f"{path}, line {reader.line_num + 1}")
                    rows[number] = (source, translation)
    except UnicodeDecodeError as error:
        raise DataError("not UTF-8", where=path, fix="Save the sheet as `CSV UTF-8`.") from error
    except csv.Error as error:
        raise DataError(f"not CSV: {error}", where=path, fix="Save the sheet as CSV.") from error
    return rows


def _row(cells: list[str], where: str) -> tuple[str, str, str]:
    number, source, translation = [*cells, "", ""][:3]
    # Some spreadsheets take the apostrophe for their own mark and drop it.
    source = next((text for text in (_unescape(source), source) if key(text) == number), "")
    if not source:
        what = "the id does not belong to this source: the source was edited, or columns were sorted apart"
        fix = "Restore the row from the exported sheet; edit the column `translation` only."
        raise DataError(what, where=where, fix=fix)
    translation = _unescape(translation.strip())
    return number, source, "" if _NOT_YET.fullmatch(translation) else translation


def _escape(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text


def _unescape(text: str) -> str:
    return text[1:] if text.startswith("'") and text[1:].startswith(_FORMULA) else text
