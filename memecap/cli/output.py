"""What verbs print alike on stdout: JSON lines, rows of CSV, text."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Sequence
from typing import Any, Literal

import typer

from memecap.core.separated import harmless
from memecap.core.terminal import plain_json
from memecap.errors import UsageError

TableForm = Literal["text", "json", "csv"]


def table_form(as_json: bool, as_csv: bool) -> TableForm:
    """What `--json` and `--csv` ask for. Raises `UsageError` when both do."""
    if as_json and as_csv:
        raise UsageError("two formats for one output", where="--json --csv", fix="Choose one of them.")
    return "json" if as_json else "csv" if as_csv else "text"


def emit(value: Any) -> None:
    """One JSON value on a line of stdout."""
    sys.stdout.write(plain_json(json.dumps(value, ensure_ascii=False)) + "\n")
    sys.stdout.flush()


def tell(record: Any, text: object, as_json: bool) -> None:
    """One thing in the form that was asked for: a JSON value for programs, text for people."""
    if as_json:
        emit(record)
    else:
        typer.echo(text)


def csv_row(values: Sequence[object]) -> None:
    """One row of CSV on stdout."""
    csv.writer(sys.stdout, lineterminator="\n").writerow([harmless(value) for value in values])
