"""Files of captions as people have them: every layout gives the same rows, every fault is named with its row."""

from __future__ import annotations

import json
import math

import nltk.translate.bleu_score as nltk_bleu
import pytest
from typer.testing import CliRunner

from memecap.errors import DataError, MissingFileError, UsageError
from memecap.evaluation.judging import pairs
from memecap.scoring.compare import CAPTIONER, System, join_rows
from memecap.scoring.coverage import fingerprint
from memecap.scoring.predictions import annotated, read_predictions

ROWS = [("1", "кот, «сидит»", "кот лежит"), ("2", "", 'пёс "гав"'), ("3", "на\u2028столе", "на столе")]


@pytest.fixture
def write(tmp_path):
    def write(name, content, encoding="utf-8"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return path

    return write


def jsonl(**names):
    names = {"image_id": "image_id", "caption": "caption", "references": "references"} | names
    keys = list(names.values())
    return "".join(json.dumps(dict(zip(keys, row, strict=True)), ensure_ascii=False) + "\n" for row in ROWS)


def table(separator, head="image_id,caption,references"):
    lines = [head.split(","), *([f'"{cell.replace(chr(34), chr(34) * 2)}"' for cell in row] for row in ROWS)]
    return "".join(separator.join(line) + "\n" for line in lines)


def content_of(rows):
    return [(row.image_id, row.caption, *row.references) for row in rows]


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


def test_two_text_files_are_paired_by_line(write):
    captions, references = write("mine.txt", "кот\n\nпёс\r\n"), write("real.txt", "кот сидит\nпёс\nпёс\n")
    more = write("more.txt", "котик\nпёсик\nщенок")
    rows = read_predictions(captions, references=[references, more])
    assert content_of(rows) == [
        ("1", "кот", "кот сидит", "котик"),
        ("2", "", "пёс", "пёсик"),
        ("3", "пёс", "пёс", "щенок"),
    ]
    with pytest.raises(DataError, match="3 captions but 2 references") as caught:
        read_predictions(captions, references=[write("short.txt", "кот\nпёс\n")])
    assert "row 3" in caught.value.where
    with pytest.raises(UsageError, match="without references"):
        read_predictions(captions)


def test_columns_have_the_names_they_are_given(write):
    path = write("a.csv", "caption,generated\nэталон,подпись\n")
    with pytest.raises(DataError, match="could each be the caption"):
        read_predictions(path)
    rows = read_predictions(path, columns={"caption": "generated", "references": "caption"})
    assert content_of(rows) == [("1", "подпись", "эталон")]
    both = write("b.csv", "caption,generated,reference\nлишнее,подпись,эталон\n")
    assert content_of(read_predictions(both, columns={"caption": "generated"})) == content_of(rows)
    with pytest.raises(DataError, match="no column 'prediction'"):
        read_predictions(path, columns={"caption": "prediction"})


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


def test_annotated_pictures_without_a_caption_count_as_empty(write, capsys):
    results = write("results.json", '[{"image_id": 1, "caption": "кот"}]')
    notes = {"annotations": [{"image_id": i, "caption": f"кот {i}"} for i in (1, 2, 1)]}
    tmp_notes = write("notes.json", json.dumps(notes))
    rows = read_predictions(results, tmp_notes)
    assert content_of(rows) == [("1", "кот", "кот 1", "кот 1")]
    (system,) = join_rows([System("наша", CAPTIONER, rows)], asked=annotated(tmp_notes))
    assert content_of(system.rows) == [("1", "кот", "кот 1", "кот 1"), ("2", "", "кот 2")]
    assert system.coverage == (1, 2)
    assert "1 of 2 pictures have no caption" in capsys.readouterr().err
    with pytest.raises(DataError, match="no annotation of image_id 1"):
        read_predictions(results, write("notes.json", '{"annotations": []}'))


ANCESTOR = [
    ("<start> на фото <unk> и надпись сверху : кот", "<start> на фото кот и надпись <unk> : кот сидит дома"),
    ("на первом кадре кот", "на первом кадре кот говорит мяу"),
    ("", "надпись снизу"),
    ('мем на английском . текст : " да , да "', 'мем на английском . текст : " нет , да " <pad>'),
]


@pytest.mark.parametrize("layout", ["csv", "tsv", "jsonl", "txt", "tabs", "bars"])
def test_nltk_seed_scores_the_ancestors_layout(layout, write, tmp_path):
    """Tokens joined by spaces, special tokens and all: nltk's own numbers, whichever file they come in."""
    import memecap.cli.verbs  # noqa: F401
    from memecap.cli import app

    more: list[str] = []
    if layout == "jsonl":
        content = "".join(json.dumps({"caption": h, "references": [r]}) + "\n" for h, r in ANCESTOR)
    elif layout == "txt":
        content = "".join(h + "\n" for h, _ in ANCESTOR)
        more = ["--references", str(write("real.txt", "".join(r + "\n" for _, r in ANCESTOR)))]
    elif layout in ("tabs", "bars"):  # the ancestor's own two files: no header
        sep = "\t" if layout == "tabs" else " | "
        content = "".join(sep.join((str(n), h, r)) + "\n" for n, (h, r) in enumerate(ANCESTOR))
        more = ["--columns", "id,caption,reference", *(["--sep", " | "] if layout == "bars" else [])]
    else:
        separator = "\t" if layout == "tsv" else ","
        lines = [[f'"{text.replace(chr(34), chr(34) * 2)}"' for text in row] for row in ANCESTOR]
        content = "".join(separator.join(line) + "\n" for line in [["predicted", "real"], *lines])
    path = write(f"first.{layout}", content)
    found = CliRunner().invoke(
        app, ["score", str(path), *more, "--preset", "nltk-seed", "--json", "--resamples", "100"]
    )
    assert found.exit_code == 0, found.output
    scores = json.loads(found.stdout)[0]["scores"]
    hypotheses, references = [h.split() for h, _ in ANCESTOR], [[r.split()] for _, r in ANCESTOR]
    for n in range(1, 5):
        theirs = nltk_bleu.corpus_bleu(references, hypotheses, weights=[1 / n] * n)
        assert math.isclose(scores[f"bleu{n}"], theirs, abs_tol=1e-12)
    assert "special tokens" in found.stderr


def test_a_name_with_and_without_its_ending_is_one_picture(write):
    notes = [{"image_id": 1, "caption": "кот лежит"}, {"image_id": "2.jpg", "caption": "пёс"}]
    annotations = write("notes.json", json.dumps({"annotations": notes}))
    captions = write("mine.json", json.dumps([{"image_id": "1.jpg", "caption": "a"}, {"image_id": 2, "caption": "b"}]))
    rows = read_predictions(captions, annotations)
    assert [(row.image_id, row.key, *row.references) for row in rows] == [
        ("1.jpg", "1", "кот лежит"),
        ("2", "2", "пёс"),
    ]
    twice = "".join(
        json.dumps({"image_id": name, "caption": "a", "references": ["b"]}) + "\n" for name in ("1", "1.png")
    )
    with pytest.raises(DataError, match="already on row 1"):
        read_predictions(write("twice.jsonl", twice))


def test_systems_that_spell_a_picture_otherwise_are_joined(write):
    def told(name, ids):
        rows = [{"image_id": i, "caption": f"{name} {n}", "references": ["кот спит"]} for n, i in enumerate(ids)]
        return write(f"{name}.jsonl", "".join(json.dumps(row) + "\n" for row in rows))

    ours, theirs = (read_predictions(told(*given)) for given in (("a", ["1", "2"]), ("b", ["2.jpg", "1.jpg"])))
    notes = {"annotations": [{"image_id": i, "caption": "кот спит"} for i in (1, 2)]}
    joined = join_rows(
        [System("a", CAPTIONER, ours), System("b", CAPTIONER, theirs)],
        asked=annotated(write("n.json", json.dumps(notes))),
    )
    assert [[row.caption for row in system.rows] for system in joined] == [["a 0", "a 1"], ["b 1", "b 0"]]
    assert [system.coverage for system in joined] == [(2, 2), (2, 2)]
    assert fingerprint(ours) == fingerprint(theirs)
    assert sorted(pair.image_id for pair in pairs(ours, theirs)) == ["1", "2"]
