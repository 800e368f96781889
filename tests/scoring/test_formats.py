"""Files of captions as people have them: every layout gives the same rows, every fault is named with its row."""

from __future__ import annotations

import json

import pytest

from memecap.errors import DataError, MissingFileError, UsageError
from memecap.scoring.predictions import read_predictions
from tests.scoring.rows import ROWS, content_of, jsonl


def table(separator, head="image_id,caption,references"):
    lines = [head.split(","), *([f'"{cell.replace(chr(34), chr(34) * 2)}"' for cell in row] for row in ROWS)]
    return "".join(separator.join(line) + "\n" for line in lines)


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.jsonl", jsonl()),
        ("a.jsonl", jsonl().replace("\n", "\n\n")),
        ("a.jsonl", jsonl(caption="prediction", references="reference")),
        ("a.csv", table(",")),
        ("a.csv", table(";")),
        ("a.csv", table(",") + "\n\n"),
        ("a.csv", table(",", "id,hypothesis,target")),
        ("a.tsv", table("\t")),
    ],
)
def test_layouts_agree(write, name, content, mark, line_end):
    path = write(name, mark + content.replace("\n", line_end))
    assert content_of(read_predictions(path)) == ROWS


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.csv", "image_id,text\n1,кот\n", "image_id, text"),
        ("a.csv", "image_id,caption,references\n1,кот,кот\n1,кот,кот\n", "already on row 1"),
        ("a.csv", "image_id,caption,references\n1,кот,кот\n2,кот\n", "row 2 (line 3)"),
        ("a.csv", "image_id,caption,references\n1,кот,кот\n2,к,о,т\n", "4 cells under 3 columns"),
        ("a.csv", "image_id,caption,references\n1,кот,кот\n2,NaN,кот\n", "row 2"),
        ("a.csv", "image_id,caption,references\n1,кот,кот\n2,кот,nan\n", "row 2"),
        ("a.csv", "image_id,caption,references\n1,кот,кот\n,кот,кот\n", "image_id is empty"),
        ("a.csv", "caption,caption\nкот,кот\n", "two columns"),
        ("a.csv", 'caption,references\n"кот,кот\n', "not a table"),
        ("a.csv", 'id,caption,reference\n1,а,б\n2,"кот,эталон\n3,пёс,эталон\n4,конь,эталон\n', "a.csv, line 3"),
        ("a.csv", 'id,caption,reference\n1,"кот,эталон\n2,"пёс",эталон\n3,а,б\n', "a.csv, line 2"),
        ("a.csv", 'id,caption,reference\n1,"кот,эталон\n2,пёс",эталон\n3,а,б\n', "a.csv, line 2"),
        ("a.csv", 'id,caption,reference\n7.jpg,а,"б\n12.jpg,пёс,эталон"\n', "a.csv, line 2"),
        ("a.csv", "image_id,caption,references\n  ,кот,кот\n", "image_id is empty"),
        ("a.jsonl", '{"caption": "а", "references": ["а"], "image_id": " "}', "image_id is empty"),
        ("a.json", '[{"image_id": 1, "caption": "а", "references": ["а"]}, {"image_id": 2, "caption": "а"}]', "row 2"),
        ("a.csv", "", "no captions"),
        ("a.jsonl", "\n\n", "no captions"),
        ("a.jsonl", '{"caption": "а", "references": ["а"]}\n\n{"caption": NaN, "references": ["а"]}', "row 2 (line 3)"),
        ("a.jsonl", '{"caption": "а", "references": ["а", null]}', "row 1"),
        ("a.jsonl", '{"caption": "а", "references": ["а"], "image_id": NaN}', "image_id is empty"),
        ("a.jsonl", '{"caption": "а", "references": ["а"]}\n{"caption": "а", "refer', "row 2"),
        ("a.jsonl", b'{"caption": "a", "references": ["a"]}\n\xea\xee\xf2', "row 2"),
        ("a.jsonl", '{"caption": "а"}'.encode("utf-16"), "UTF-16"),
        ("a.json", '{"image_id": 1}', "a list"),
    ],
)
def test_faults_are_data_errors_that_name_the_row(write, name, content, told):
    with pytest.raises(DataError) as caught:
        read_predictions(write(name, content))
    assert caught.value.exit_code == 65
    assert told in str(caught.value)
    assert caught.value.fix


def test_cells_of_several_lines_are_no_unclosed_quotes(write):
    path = write("a.csv", 'id,caption,reference\n1,"кот, пёс\n2, ещё, кит","а\n\n2, три"\n2,"""да""",нет\n')
    assert content_of(read_predictions(path)) == [("1", "кот, пёс\n2, ещё, кит", "а\n\n2, три"), ("2", '"да"', "нет")]


def test_what_excel_and_spreadsheets_write(write):
    rows = [("1", "кот; пёс", "кот", "котик"), ("2", "кит", "рыба")]
    table = 'id;caption;Reference 1;reference 2;\n1;"кот; пёс";кот;котик;\n2;кит;рыба;;\n'
    assert content_of(read_predictions(write("a.csv", "sep=;\n" + table))) == rows
    assert content_of(read_predictions(write("b.csv", "\ufeff" + "sep=;\n" + table.replace("\n", "\r\n")))) == rows
    marked = "sep=|\n" + table.replace("; ", "~").replace(";", "|").replace("~", "; ")
    assert content_of(read_predictions(write("c.csv", marked))) == rows


def test_a_json_list_may_bring_its_references(write):
    listed = [{"image_id": 1, "caption": "кот", "references": ["кот", "котик"]}]
    assert content_of(read_predictions(write("a.json", json.dumps(listed)))) == [("1", "кот", "кот", "котик")]
    told = [{"image_id": 1, "prediction": "кот", "reference": "котик"}]
    assert content_of(read_predictions(write("b.json", json.dumps(told)))) == [("1", "кот", "котик")]
    with pytest.raises(UsageError, match="without references"):
        read_predictions(write("c.json", '[{"image_id": 1, "caption": "кот"}]'))


def test_what_is_no_captions_file(tmp_path, write):
    with pytest.raises(MissingFileError):
        read_predictions(tmp_path / "absent.jsonl")
    with pytest.raises(UsageError, match="cannot tell"):
        read_predictions(write("a.xlsx", b"PK"))
