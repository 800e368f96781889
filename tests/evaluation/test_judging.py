"""Blind questions, on the terminal and in a file of answers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from memecap.core import storage
from memecap.errors import DataError, MissingFileError, UsageError
from memecap.evaluation import judging
from memecap.scoring import coverage
from memecap.scoring.predictions import Prediction

A = [Prediction(str(i), f"кот {i}", ("эталон",), {"file_name": f"images/{i}.png"}) for i in range(40)]
B = [Prediction(str(i), f"пёс {i}" if i else "кот 0", ("эталон",)) for i in range(40)]


def test_questions_are_blind_and_skip_equal_captions():
    questions = judging.pairs(A, B)
    assert len(questions) == 39
    assert {question.order for question in questions} == {"ab", "ba"}
    for question in questions:
        assert question.first.startswith("кот" if question.order == "ab" else "пёс")
        assert question.winner("1") == ("a" if question.first.startswith("кот") else "b")
        assert question.winner("=") == "tie"
    with pytest.raises(DataError):
        judging.pairs(A, A)


def test_judges_see_the_same_pictures_each_in_an_order_and_with_sides_of_their_own():
    anna, boris = (judging.pairs(A, B, n=20, judge=name) for name in ("анна", "борис"))
    assert anna == judging.pairs(A, B, n=20, judge="анна")
    assert {q.image_id for q in anna} == {q.image_id for q in boris}
    assert [q.image_id for q in anna] != [q.image_id for q in boris]
    sides = {q.image_id: q.order for q in boris}
    assert 3 <= sum(q.order == sides[q.image_id] for q in anna) <= 17
    assert {q.image_id for q in judging.pairs(A, B, n=5, judge="анна")} < {q.image_id for q in anna}


def invoke(*arguments, keys=""):
    from typer.testing import CliRunner

    import memecap.cli.verbs  # noqa: F401
    from memecap.cli import app

    return CliRunner().invoke(app, ["judge", *map(str, arguments)], input=keys)


def test_the_terminal_asks_goes_on_and_counts(tmp_path):
    paths = [str(tmp_path / name) for name in ("a.jsonl", "b.jsonl")]
    for path, rows in zip(paths, (A[:5], [Prediction("9", "\x1b[31m", ("э",)), *B[1:5]]), strict=True):
        storage.write_jsonl(tmp_path / path, (row.to_json() for row in rows))
    out = str(tmp_path / "answers.jsonl")
    first = invoke(*paths, "--out", out, keys="1\nнет\n=\nq\n")
    assert first.exit_code == 0, first.output
    assert "a.jsonl" not in first.stdout
    second = invoke(*paths, "--out", out, keys="2\n2\n")
    assert "[1/2]" in second.stdout
    counted = invoke(out, "--tally", "--json")
    assert json.loads(counted.stdout)["n"] == 4
    page = tmp_path / "page.html"
    assert invoke(*paths, "--page", page).exit_code == 0
    text = page.read_text(encoding="utf-8")
    assert "default-src 'none'" in text
    assert text.count('"image_id"') == 4


@pytest.fixture
def files(tmp_path):
    for name, rows in (("mine", A), ("theirs", B)):
        storage.write_jsonl(tmp_path / f"{name}.jsonl", (row.to_json() for row in rows))
    return tmp_path / "mine.jsonl", tmp_path / "theirs.jsonl"


def test_answers_to_other_questions_are_not_mixed(files, tmp_path):
    mine, theirs = files
    out = tmp_path / "answers.jsonl"
    assert invoke(mine, theirs, "--out", out, keys="1\n1\nq\n").exit_code == 0
    before = out.read_text(encoding="utf-8")
    stored = json.loads(before.splitlines()[0])["judging"]
    assert (stored["a"], stored["b"], stored["seed"]) == ("mine", "theirs", 0)
    for arguments in ([theirs, mine], [mine, theirs, "--seed", 1], [theirs, mine, "--judge", "борис"]):
        refused = invoke(*arguments, "--out", out, keys="1\nq\n")
        assert isinstance(refused.exception, UsageError)
        assert "A mine, B theirs, seed 0" in str(refused.exception)
    storage.write_jsonl(mine, (row.to_json() for row in [Prediction("1", "другое", ("эталон",)), *A[2:]]))
    assert "another a_sha256" in str(invoke(mine, theirs, "--out", out, keys="1\n").exception)
    assert out.read_text(encoding="utf-8") == before


def test_files_of_one_name_are_told_apart_by_their_folders(files, tmp_path, monkeypatch):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "mine.jsonl").write_bytes(files[1].read_bytes())
    monkeypatch.chdir(tmp_path / "other")
    asked = judging.identify(files[0], Path("mine.jsonl"))
    assert (asked.a, asked.b) == (f"{tmp_path.name}/mine", "other/mine")


def test_the_tally_names_the_systems_and_refuses_answers_about_others(files, tmp_path):
    mine, theirs = files
    out, swapped = tmp_path / "answers.jsonl", tmp_path / "swapped.jsonl"
    invoke(mine, theirs, "--out", out, keys="1\nq\n")
    invoke(theirs, mine, "--out", swapped, "--judge", "борис", keys="1\nq\n")
    told = invoke(out, "--tally")
    assert "A is mine, B is theirs" in told.stdout
    mixed = invoke(out, swapped, "--tally")
    assert isinstance(mixed.exception, DataError)
    assert "A mine, B theirs, then A theirs, B mine" in str(mixed.exception)


def test_pictures_that_are_not_there_are_named(files, tmp_path):
    images = tmp_path / "val"
    (images / "images").mkdir(parents=True)
    for number in range(1, 40):
        if number not in (7, 21):
            Image.new("RGB", (8, 8)).save(images / "images" / f"{number}.png")
    page = tmp_path / "page.html"
    for arguments in (["--page", page], ["--out", tmp_path / "x.jsonl"]):
        refused = invoke(*files, "--images", images, *arguments, keys="q\n").exception
        assert isinstance(refused, MissingFileError)
        assert "2 of 39 pictures" in str(refused)
        assert all(name in str(refused) for name in ("images/7.png", "images/21.png"))
    for number in (7, 21):
        (images / "images" / f"{number}.png").write_bytes(b"<html>")
    refused = invoke(*files, "--images", images, "--page", page).exception
    assert isinstance(refused, DataError) and "images/7.png" in str(refused)
    assert not page.exists()


def test_a_picture_is_the_same_with_and_without_its_ending():
    """One tool writes `1`, another `1.jpg`: they answer the same question."""
    bare = [Prediction(str(number), f"кот {number}", ("э",)) for number in range(4)]
    ended = [Prediction(f"{number}.jpg", f"пёс {number}", ("э",)) for number in range(4)]
    assert len(judging.pairs(bare, ended)) == 4
    ours, theirs = coverage.join([("a", bare), ("b", ended)])
    assert [row.caption for row in theirs] == [f"пёс {number}" for number in range(4)]
    assert len(ours) == 4
    assert coverage.fingerprint(bare) == coverage.fingerprint(ended)


@pytest.mark.parametrize("name", ["../private.png", "{tmp}/private.png", "images/../../private.png"])
def test_captions_of_others_put_no_picture_from_elsewhere_on_a_page(tmp_path, name):
    """The files of captions name the pictures, and a page is passed on."""
    Image.new("RGB", (8, 8)).save(tmp_path / "private.png")
    images = tmp_path / "val"
    images.mkdir()
    for system in ("a", "b"):
        row = Prediction("1", f"кот {system}", ("э",), {"file_name": name.format(tmp=tmp_path)})
        storage.write_jsonl(tmp_path / f"{system}.jsonl", [row.to_json()])
    files = (tmp_path / "a.jsonl", tmp_path / "b.jsonl")
    refused = invoke(*files, "--images", images, "--page", tmp_path / "page.html").exception
    assert isinstance(refused, DataError) and "leads out" in str(refused)
    assert not (tmp_path / "page.html").exists()


def test_a_vote_after_a_line_without_its_end_is_a_vote(files, tmp_path):
    out = tmp_path / "answers.jsonl"
    assert invoke(*files, "--out", out, keys="1\n1\nq\n").exit_code == 0
    out.write_bytes(out.read_bytes().rstrip(b"\n"))  # as some editors save it
    assert invoke(*files, "--out", out, keys="2\nq\n").exit_code == 0
    assert json.loads(invoke(out, "--tally", "--json").stdout)["n"] == 3
