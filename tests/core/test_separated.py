"""Files of captions without a header: their columns are said, their separator is found where only one fits."""

from __future__ import annotations

import re

import pytest

from memecap.errors import DataError, UsageError
from memecap.scoring.predictions import read_predictions


@pytest.fixture
def write(tmp_path):
    def write(name, content):
        path = tmp_path / name
        path.write_bytes(content.encode())
        return path

    return write


def content_of(rows):
    return [(row.image_id, row.caption, *row.references) for row in rows]


HEADLESS = [
    ("377", "на фото , кот ; один", 'надпись " да "'),
    ("12", "", "пёс"),
    ("5", '"мяу" сказал кот', 'кот сказал "мяу"'),
]


@pytest.mark.parametrize("name", ["first.tsv", "second.txt", "third.csv", "fourth"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("separator", ["\t", " | "])
def test_files_without_a_header_are_read_by_their_columns(write, name, line_end, mark, separator):
    path = write(name, mark + line_end.join([separator.join(row) for row in HEADLESS]) + line_end)
    for said in ("", separator):
        found = read_predictions(path, positions=("id", "caption", "reference"), separator=said)
        assert content_of(found) == HEADLESS


def test_columns_without_a_header_stand_where_they_are_said_to_stand(write):
    path = write("a.txt", "кот\t7\tкотик\tкошка\n")
    found = read_predictions(path, positions=("reference", "-", "hypothesis", "reference"))
    assert content_of(found) == [("1", "котик", "кот", "кошка")]
    pandas = write("b.tsv", '1\t"сказал ""мяу"" и лёг"\t"мяу"\n')  # to_csv(sep="\\t", header=False)
    assert content_of(read_predictions(pandas, positions=("id", "caption", "reference"))) == [
        ("1", 'сказал "мяу" и лёг', '"мяу"')
    ]
    headed = write("c.txt", "uid | hypothesis | reference\n1 | кот | пёс\n")
    assert content_of(read_predictions(headed, positions=("id", "caption", "reference"))) == [("1", "кот", "пёс")]
    assert content_of(read_predictions(headed, separator=" | ")) == [("1", "кот", "пёс")]
    lines = write("d.txt", "1\tкот\n2\tпёс\n")
    paired = read_predictions(lines, positions=("id", "caption"), references=[write("real.txt", "кот\nкот\n")])
    assert content_of(paired) == [("1", "кот", "кот"), ("2", "пёс", "кот")]


@pytest.mark.parametrize(
    ("content", "positions", "told"),
    [
        ("1\tкот\tпёс\n2\tкот\n", "id,caption,reference", "none of"),
        ("1\tкот;пёс\n", "id,caption", "each split"),
        ("1\tкот\tпёс\n", "id,text,reference", "--columns id,text,reference"),
        ("1\tкот\tпёс\n", "id,reference,reference", "are not caption and reference"),
        ("1\tкот\tпёс\n", "id,caption,hypothesis", "are not caption and reference"),
    ],
)
def test_columns_that_cannot_be_told_are_asked_for(write, content, positions, told):
    with pytest.raises(UsageError, match=re.escape(told)):
        read_predictions(write("a.txt", content), positions=positions.split(","))


def test_a_line_of_other_columns_is_named(write):
    path = write("a.txt", "1 | кот | пёс\n\n2 | кот | или | пёс\n")
    with pytest.raises(DataError, match="4 cells, not the 3") as caught:
        read_predictions(path, positions=("id", "caption", "reference"), separator=" | ")
    assert "row 2 (line 3)" in caught.value.where
    with pytest.raises(UsageError, match="without references") as caught:
        read_predictions(path)
    assert "--columns image_id,caption,reference" in caught.value.fix


def test_a_table_whose_header_is_missing_is_told_how_to_be_read(write):
    with pytest.raises(DataError) as caught:
        read_predictions(write("a.tsv", "1\tкот\tпёс\n2\tкит\tкит\n"))
    assert "--columns image_id,caption,reference" in caught.value.fix
