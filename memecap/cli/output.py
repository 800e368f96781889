"""What every verb says alike: JSON lines on stdout, and the summary of work whose items may fail one by one."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Sequence
from typing import Any

from memecap.core.terminal import plain_json


def emit(value: Any) -> None:
    """One JSON value on a line of stdout."""
    sys.stdout.write(plain_json(json.dumps(value, ensure_ascii=False)) + "\n")
    sys.stdout.flush()


def csv_row(values: Sequence[object]) -> None:
    """One row of CSV on stdout."""
    csv.writer(sys.stdout, lineterminator="\n").writerow([_harmless(value) for value in values])


def _harmless(value: object) -> object:
    """A spreadsheet runs a cell that begins with one of these; an apostrophe keeps it text."""
    if value == "-":  # the picture from stdin: no formula
        return value
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")) else value
