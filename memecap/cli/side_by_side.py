"""Captions of several decodings, or models, beside one another: a table, or a JSON object or CSV row a picture."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from memecap.cli.output import TableForm, csv_row, emit
from memecap.core.progress import complain, track
from memecap.core.terminal import plain

if TYPE_CHECKING:
    from memecap.inference.result import Result

WIDTH = 120  # letters of the table where it goes to no terminal


def show(
    found: Iterable[Sequence[Result]],
    sources: Sequence[Path | bytes | str],
    names: Sequence[str],
    *,
    form: TableForm,
    under: str = "decodings",
) -> int:
    """Print what each of the named decodings, or models, said of the pictures; returns how many pictures failed."""
    if form == "csv":
        csv_row(["file", *names, "model", "seconds", "error"])
    failed, rows = 0, []
    for source, results in track(zip(sources, found, strict=True), "captions", total=len(sources)):
        first, name = results[0], "-" if isinstance(source, bytes) else str(source)
        captions = [result.caption.text if result.caption else None for result in results]
        if first.error:
            failed += 1
            complain(f"{name}: {first.error}")
        if form == "json":
            emit(_record(name, dict(zip(names, results, strict=True)), under))
        elif form == "csv":
            csv_row([name, *captions, first.model, first.to_json()["seconds"], first.error])
        else:
            rows.append([name, *(caption or "" for caption in captions)])
    if rows:
        _print_table(names, rows)
    return failed


def _record(name: str, results: dict[str, Result], under: str) -> dict[str, Any]:
    """What all share, and under `decodings` or `models` what each gave."""
    records = {decoding: result.to_json() for decoding, result in results.items()}
    first = next(iter(records.values()))
    own = ("caption", "quotes", "log_probability", "score", "candidates")
    return {
        "file": name,
        under: {decoding: {key: record[key] for key in own} for decoding, record in records.items()},
        **{key: first[key] for key in ("reading", "model", "seconds", "error")},
    }


def _print_table(names: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(markup=False, highlight=False)
    if not console.is_terminal:
        console = Console(markup=False, highlight=False, width=WIDTH)
    table = Table("picture", *names, show_lines=True)
    for picture, *captions in rows:
        table.add_row(Text(plain(picture), overflow="fold"), *(Text(plain(caption)) for caption in captions))
    console.print(table)
