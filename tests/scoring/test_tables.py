"""Tables of scores in five forms, and hostile names in all of them."""

from __future__ import annotations

import csv
import io
import json
import re

import pytest
from hostile_texts import HOSTILE
from typer.testing import CliRunner

from memecap.core.terminal import plain
from memecap.errors import DataError
from memecap.scoring import compare as leaderboard
from memecap.scoring import tables
from memecap.scoring.compare import FLOOR, System
from memecap.scoring.predictions import read_predictions
from tests.scoring.rows import systems


def test_text_aligns_and_signs(records):
    head, ours, floor, *rest = tables.render(records).splitlines()
    assert head.split()[:3] == ["system", "n", "coverage"]
    assert ours.split()[:3] == ["наша", "8", "8/8"]
    assert floor.startswith("пол (floor)")
    assert len(head) == len(ours) == len(floor)
    assert any(line.startswith("signature: ru-words[") for line in rest)


def test_a_difference_that_may_be_chance_is_marked():
    same = [systems()[0], System("та же", FLOOR, systems()[0].rows)]
    assert "100.0≈" in tables.render(leaderboard.rank(same, resamples=200))


def test_markdown_latex_json_and_csv(records):
    markdown = tables.render(records, "markdown").splitlines()
    assert {line.count(" | ") for line in markdown[:4]} == {16}
    latex = tables.render(records, "latex")
    assert latex.count(r"\\") == 3
    assert r"quoted\_recall" in latex
    assert json.loads(tables.render(records, "json")) == records
    header, *rows = csv.reader(io.StringIO(tables.render(records, "csv")))
    assert {len(row) for row in rows} == {len(header)}
    assert rows[1][header.index("bleu1_p")] != ""


ACTING = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


def shown(text: str) -> str:
    """The text from its form in a terminal."""
    return re.sub(r"\\u\{(\w+)\}", lambda found: chr(int(found[1], 16)), text)


@pytest.mark.parametrize("form", ["text", "markdown", "latex", "json", "csv"])
def test_hostile_names_do_nothing_and_are_shown(records, form):
    hostile = [{**records[0], "system": name, "warning": name} for name in HOSTILE]
    text = tables.render(hostile, form)
    assert len(HOSTILE) >= 60
    assert not ACTING.search(text)
    if form == "text":
        lines = text.split("\n")[1:]
        assert all(line.startswith(f"{plain(name)}  ") for line, name in zip(lines, HOSTILE, strict=False))
        assert all(f"warning: {plain(name)}" in lines for name in HOSTILE)
    elif form == "json":
        assert [record["system"] for record in json.loads(text)] == HOSTILE
    elif form == "csv":
        cells = [row[0] for row in csv.reader(io.StringIO(text))][1:]
        assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in cells)
        assert [shown(cell).removeprefix("'") for cell in cells] == [name.removeprefix("'") for name in HOSTILE]
    elif form == "markdown":
        assert not re.search(r"(?<!\\)[<|`]", text.replace(" | ", "").replace("| ", "").replace(" |", ""))
    else:
        assert text.count("\n") == tables.render(records[:1], "latex").count("\n") + 3 * len(HOSTILE) - 2


def test_hostile_captions_are_read_scored_and_judged_and_do_nothing(invoke, tmp_path):
    from memecap.cli import app

    paths = [tmp_path / f"{name}.csv" for name in "ab"]
    for path in paths:
        with path.open("w", encoding="utf-8", newline="", errors="replace") as file:
            writer = csv.writer(file)
            writer.writerow(["image_id", "caption", "references"])
            writer.writerows([text, f"{path.stem} {text}", text] for text in HOSTILE)
    rows = read_predictions(paths[0])
    assert [(row.image_id, row.references[0]) for row in rows] == [
        (text.replace("\ud83d", "?"),) * 2 for text in HOSTILE
    ]
    told = invoke("--compare", *paths)
    assert told.exit_code == 0
    assert not ACTING.search(told.output)
    asked = CliRunner().invoke(
        app, ["judge", *map(str, paths), "--out", str(tmp_path / "answers.jsonl")], input="1\n" * len(HOSTILE)
    )
    assert asked.exit_code == 0
    assert not ACTING.search(asked.stdout)
    for text in HOSTILE:
        assert f"a {plain(text)}".replace("\\u{d83d}", "?") in asked.stdout


def test_hostile_text_in_a_message_does_nothing(tmp_path, capsys, monkeypatch):
    import sys

    from memecap.cli import main

    path = tmp_path / "a.csv"
    path.write_text("\x1b]0;pwned\x07,\x9b31m\nкот,кот\n", encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["memecap", "score", str(path)])
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 65
    told = capsys.readouterr().err
    assert "\\u{1b}]0;pwned" in told
    assert not ACTING.search(told)


@pytest.fixture
def invoke():
    import memecap.cli.verbs  # noqa: F401
    from memecap.cli import app

    return lambda *arguments: CliRunner().invoke(app, ["score", "--resamples", "100", *map(str, arguments)])


def test_score_reads_jsonl_csv_and_coco(invoke, tmp_path):
    references = {1: ["кот", "котик"], 2: ["кот"]}
    captions = {1: "кот", 2: "пёс"}
    lines = [{"image_id": i, "caption": captions[i], "references": references[i]} for i in (1, 2)]
    jsonl, table, coco, notes = (tmp_path / name for name in ("a.jsonl", "b.csv", "c.json", "notes.json"))
    jsonl.write_text("\n".join(json.dumps(line) for line in lines), encoding="utf-8")
    table.write_text("image_id,caption,references,references_2\n1,кот,кот,котик\n2,пёс,кот,\n", encoding="utf-8")
    coco.write_text(json.dumps([{"image_id": x["image_id"], "caption": x["caption"]} for x in lines]), encoding="utf-8")
    flat = [{"image_id": x["image_id"], "caption": text} for x in lines for text in x["references"]]
    notes.write_text(json.dumps({"annotations": flat}), encoding="utf-8")
    found = [
        json.loads(invoke("--json", *arguments).stdout)[0]["scores"]
        for arguments in ([jsonl], [table], [coco, "--annotations", notes])
    ]
    assert found[0] == found[1] == found[2]
    compared = invoke("--compare", jsonl, table, "--json")
    assert json.loads(compared.stdout)[1]["compared"]["minus_this"]["bleu1"]["difference"] == 0


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('{"image_id": 3}', "row 2"),
        ('{"image_id": 3, "caption": "а", "references": []}', "row 2"),
        ('{"image_id": 1, "caption": "а", "references": ["а"]}', "already on row 1"),
        ("{", "line 2"),
        ("[]", "row 2"),
    ],
)
def test_bad_rows_end_with_65_and_their_number(invoke, tmp_path, line, told):
    path = tmp_path / "bad.jsonl"
    path.write_text('{"image_id": 1, "caption": "кот", "references": ["кот"]}\n' + line + "\n", encoding="utf-8")
    error = invoke(path).exception
    assert isinstance(error, DataError)
    assert error.exit_code == 65
    assert told in str(error)
