"""A table of scores as text, markdown, LaTeX, CSV or JSON, safe against hostile names and captions.

In: the records of `scores.json`. Out: text for stdout.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from memecap.core.terminal import plain, plain_json
from memecap.metrics.base import Quantity
from memecap.scoring.compare import CAPTIONER
from memecap.scoring.quantities import Record, of_table
from memecap.scoring.significance import LEVEL

Escapes = Mapping[int, str]
Format = Literal["text", "markdown", "latex", "json", "csv"]

_HEAD = ("system", "n", "coverage")
_LEGEND = (
    "≈ not significant: the first captioner's difference from this system, p ≥ .05 by paired bootstrap or",
    "  approximate randomisation, Holm's correction over the systems of the table",
)
_LATEX_WORDS = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
_LATEX = str.maketrans(_LATEX_WORDS | {c: "\\" + c for c in "&%$#_{}"})
_MARKDOWN = str.maketrans({c: "\\" + c for c in "\\`*_{}[]<>#|!~"} | {"&": "&amp;"})


def render(records: Sequence[Record], form: Format = "text", *, every: bool = False) -> str:
    """The table; without `every` only the main scores, where the records have them."""
    if form == "json":
        return plain_json(json.dumps(list(records), ensure_ascii=False, indent=2))
    names = _columns(records, every)
    return {"text": _text, "markdown": _markdown, "latex": _latex, "csv": _csv}[form](records, names)


def cell(text: str) -> str:
    """The text as a spreadsheet's cell that cannot be taken for a formula."""
    return "'" + text if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def _columns(records: Sequence[Record], every: bool) -> list[str]:
    found = of_table(records).values()
    if every or not any("headline" in one.places for one in found):
        return list(records[0]["scores"])
    return [one.name for one in found if {"table", "guard"} & set(one.places)]


def _score(record: Record, quantity: Quantity) -> str:
    """The score, with a sign where the first captioner's difference from this system is not significant."""
    if quantity.name not in record["scores"]:
        return "–"  # of all captions together only
    text = f"{record['scores'][quantity.name]:.{quantity.decimals}f}"
    compared = record.get("compared", {}).get("minus_this", {}).get(quantity.name)
    return f"{text}≈" if compared and "guard" not in quantity.places and compared["p_holm"] >= LEVEL else text


def _cells(records: Sequence[Record], names: Sequence[str], escapes: Escapes | None = None) -> list[list[str]]:
    """The head and the rows; the coverage is empty in a table of before."""
    found = of_table(records)
    cells = [[*_HEAD, *names]]
    for record in records:
        name = str(record["system"]) + ("" if record["kind"] == CAPTIONER else " (floor)")
        coverage = "/".join(map(str, record.get("coverage", ())))
        cells.append([plain(name), str(record["n"]), coverage, *(_score(record, found[name]) for name in names)])
        for subset, part in record.get("subsets", {}).items():
            cells.append([f"· {plain(subset)}", str(part["n"]), "", *(_score(part, found[name]) for name in names)])
    return [[text.translate(escapes or {}) for text in row] for row in cells]


def _note(records: Sequence[Record]) -> list[str]:
    told = [plain(f"signature: {records[0]['signature']}")]
    told += [plain(f"warning: {record['warning']}") for record in records if "warning" in record]
    signs = [(record["system"], sign["says"]) for record in records for sign in record.get("warnings", ())]
    told += [plain(f"warning: {system}: {says}") for system, says in signs]
    told += ["· known: a memory has met the picture before; · new: it has not"] if "subsets" in records[0] else []
    return [*told, *_LEGEND] if any("compared" in record for record in records) else told


def _text(records: Sequence[Record], names: Sequence[str]) -> str:
    cells = _cells(records, names)
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = []
    for first, *rest in cells:
        lines.append("  ".join([first.ljust(widths[0]), *(c.rjust(w) for c, w in zip(rest, widths[1:], strict=True))]))
    return "\n".join([*lines, "", *_note(records)])


def _markdown(records: Sequence[Record], names: Sequence[str]) -> str:
    rows = _cells(records, names, _MARKDOWN)
    rule = ["---", *("---:" for _ in rows[0][1:])]
    lines = ["| " + " | ".join(row) + " |" for row in (rows[0], rule, *rows[1:])]
    return "\n".join([*lines, "", "  \n".join(line.translate(_MARKDOWN) for line in _note(records))])


def _latex(records: Sequence[Record], names: Sequence[str]) -> str:
    rows = _cells(records, names, _LATEX)
    body = [" & ".join(row).replace("≈", r"$^{\approx}$") + r" \\" for row in rows]
    lines = [r"\begin{tabular}{l" + "r" * (len(rows[0]) - 1) + "}", r"\toprule", body[0], r"\midrule", *body[1:]]
    return "\n".join([*(f"% {line}" for line in _note(records)), *lines, r"\bottomrule", r"\end{tabular}"])


def _with_subsets(records: Sequence[Record]) -> Iterator[tuple[str, Record]]:
    """Each record and its parts, named."""
    for record in records:
        yield str(record["system"]), record
        for subset, part in record.get("subsets", {}).items():
            yield f"{record['system']} · {subset}", {**record, "coverage": (), **part}


def _csv(records: Sequence[Record], names: Sequence[str]) -> str:
    bounds = [f"{name}_{side}" for name in names for side in ("low", "high")]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(
        ["system", "kind", "n", "captioned", "asked", *names, *bounds, *(f"{name}_p" for name in names), "signature"]
    )
    for name, record in _with_subsets(records):
        compared = record.get("compared", {}).get("minus_this", {})
        intervals = record.get("intervals", {})
        writer.writerow(
            [
                cell(plain(name)),
                record["kind"],
                record["n"],
                *(record.get("coverage") or ("", "")),
                *(record["scores"].get(name, "") for name in names),
                *(intervals.get(name, ["", ""])[side] for name in names for side in (0, 1)),
                *(compared.get(name, {}).get("p_holm", "") for name in names),
                cell(plain(str(record["signature"]))),
            ]
        )
    return out.getvalue().rstrip("\n")
