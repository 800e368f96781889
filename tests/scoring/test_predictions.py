"""Captions meet their references: by line, by column, by the name of the picture."""

from __future__ import annotations

import json
import math

import nltk.translate.bleu_score as nltk_bleu
import pytest
from typer.testing import CliRunner

from memecap.errors import DataError, UsageError
from memecap.scoring.compare import CAPTIONER, System, join_rows
from memecap.scoring.predictions import annotated, read_predictions
from tests.scoring.rows import content_of


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
