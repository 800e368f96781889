"""Lines of cells → rows: with quoted cells as csv has them, or split at any separator.

In: lines. Out: (number of the row's last line, its cells). A quotation mark that is never closed swallows the rows
after it without a word in `csv`; here the line that opened it is named.

Limits: such a mark whose quote is closed by a later row's is told by that row's first cell being like the first cell of
the row it vanished in; without a column of ids it looks like any text of several lines.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from memecap.errors import DataError

Row = tuple[int, list[str]]
SEPARATORS = ("\t", " | ", ";", ",")
_CLOSE = 'Close the quote; a quotation mark inside a quoted cell is doubled: "he said ""no""".'
_QUOTED = re.compile(r'"(?=.*"")((?:[^"]|"")*)"')  # a cell that was quoted because it holds quotation marks


def quoted_rows(lines: Iterable[str], separator: str, path: Path) -> Iterator[Row]:
    """Rows, of lines with their ends, whose cells may be quoted and hold line breaks.

    Raises `DataError` where a quote is not closed (the line where it opened is named), or text stands after its end.
    """
    taken: list[str] = []  # the lines of this row
    reader = csv.reader(_kept(lines, taken), delimiter=separator, strict=True)
    width = 0
    while True:
        taken.clear()
        first = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise DataError(f"not a table: {error}", where=_opening(path, first, taken), fix=_CLOSE) from error
        if cells is None:
            return
        width = width or len(cells)
        if len(taken) > 1 and _swallows(cells, taken[1:], separator, width):
            what = f"a quoted cell swallows the rows after it, up to line {reader.line_num}"
            raise DataError(what, where=_opening(path, first, taken[:-1]), fix=_CLOSE)
        yield reader.line_num, cells


def rows(lines: Iterable[tuple[str, int]], separator: str, path: Path, *, quoted: bool) -> Iterator[Row]:
    """Rows of numbered lines; unless they are `quoted`, quotation marks between tabs or ` | ` are text."""
    if len(separator) == 1 and (quoted or separator != "\t"):
        yield from quoted_rows((line + "\n" for line, _ in lines), separator, path)
        return
    for line, number in lines:
        if line.strip():
            cells = [cell.strip() for cell in line.split(separator)]
            yield number, [_unquoted(cell) for cell in cells] if separator == "\t" else cells


def separators(lines: Sequence[tuple[str, int]], width: int) -> list[str]:
    """The separators that split every line, but blank ones, into so many cells."""
    return [sep for sep in SEPARATORS if all(_count(line, sep) == width for line, _ in lines if line.strip())]


def repeated(header: Iterable[str]) -> list[str]:
    """Headings that stand over two columns; columns without a heading are nobody's."""
    names = [name for name in header if name]
    return sorted({name for name in names if names.count(name) > 1})


def harmless(value: object) -> object:
    """A cell that a spreadsheet shows: it runs one that begins with these signs; an apostrophe keeps it text."""
    if value == "-":  # the picture from stdin: no formula
        return value
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")) else value


def _kept(lines: Iterable[str], taken: list[str]) -> Iterator[str]:
    for line in lines:
        taken.append(line)
        yield line


def _opening(path: Path, first: int, taken: Sequence[str]) -> str:
    """The line where the last open quote began: every later line closes what it opens."""
    odd = [number for number, line in enumerate(taken, first) if line.count('"') % 2]
    return f"{path}, line {odd[-1] if odd else first + max(0, len(taken) - 1)}"


def _swallows(cells: Sequence[str], later: Sequence[str], separator: str, width: int) -> bool:
    """Whether one of a row's later lines is a row of its own: an id like this row's, and no space after the separator,
    where prose has one."""
    own = _shape(cells[0])
    found = [next(csv.reader([line], delimiter=separator), []) for line in later]
    whole = [row for row in found if len(row) == width > 1 and not row[1].startswith(" ")]
    return bool(own) and any(_shape(row[0]) == own for row in whole)


def _shape(cell: str) -> str:
    """`377.jpg` → `0.a`; empty where it is text and no id."""
    return "" if re.search(r"\s", cell.strip()) else re.sub(r"\d+", "0", re.sub(r"[^\W\d_]+", "a", cell.strip()))


def _count(line: str, separator: str) -> int:
    return len(next(csv.reader([line], delimiter=separator), ())) if len(separator) == 1 else line.count(separator) + 1


def _unquoted(cell: str) -> str:
    found = _QUOTED.fullmatch(cell)
    return found[1].replace('""', '"') if found else cell
