"""Captions are rated blind, by any number of judges, in the terminal, on a page and in Label Studio."""

from __future__ import annotations

import json
from xml.etree import ElementTree

import pytest

from memecap.core import storage
from memecap.errors import DataError, MissingFileError, UsageError
from memecap.evaluation import judging, label_studio, rating
from memecap.scoring.predictions import Prediction

A = [Prediction(str(i), f"кот {i}", ("кот на столе",), {"file_name": f"images/{i} a.png"}) for i in range(12)]
B = [Prediction(str(i), f"пёс {i}" if i else "кот 0", ("кот на столе",)) for i in range(12)]
ANSWERS = {"right": 4, "complete": 2, "invented": 1}


def invoke(*arguments, keys=""):
    from typer.testing import CliRunner

    import memecap.cli.verbs  # noqa: F401
    from memecap.cli import app

    return CliRunner().invoke(app, ["judge", *map(str, arguments)], input=keys)


@pytest.fixture
def files(tmp_path):
    for name, rows in (("mine", A), ("theirs", B)):
        storage.write_jsonl(tmp_path / f"{name}.jsonl", (row.to_json() for row in rows))
    return tmp_path / "mine.jsonl", tmp_path / "theirs.jsonl"


def test_judges_see_the_same_captions_in_orders_of_their_own():
    anna, boris = (rating.items({"mine": A, "theirs": B}, n=5, judge=name) for name in ("anna", "boris"))
    assert anna != boris
    assert sorted(item.name for item in anna) == sorted(item.name for item in boris)
    assert {item.image_id for item in anna} == {item.image_id for item in boris}


def test_equal_captions_are_asked_about_once_and_counted_for_both():
    items = [item for item in rating.items({"mine": A, "theirs": B}) if item.image_id == "0"]
    assert [item.systems for item in items] == [("mine", "theirs")]
    told = rating.Rating({"mine": "1", "theirs": "2"}, 0, 5)
    assert [line["system"] for line in rating.answers_of(items[0], ANSWERS, "anna", told)] == ["mine", "theirs"]


def test_files_without_a_common_picture_are_refused():
    with pytest.raises(DataError, match="in common"):
        rating.items({"mine": A[:3], "theirs": B[3:]})


def test_the_terminal_goes_on_where_it_stopped(files, tmp_path):
    out = tmp_path / "answers.jsonl"
    asked = ("--scale", 5, "--judge", "anna", "--out", out, "--n", 2, "--seed", 3)
    first = invoke(*files, *asked, keys="4\n9\nx\n2\n1\nq\n")
    assert first.exit_code == 0, first.output
    n_first = len(list(storage.read_jsonl(out)))
    second = invoke(*files, *asked, keys="4\n2\n1\n" * 3)
    assert second.exit_code == 0, second.output
    rows = list(storage.read_jsonl(out))
    assert len(rows) > n_first
    assert {(row["right"], row["complete"], row["invented"]) for row in rows} == {(4, 2, 1)}
    assert len({(row["image_id"], row["system"]) for row in rows}) == len(rows) == 4
    other = invoke(*files, "--scale", 3, "--judge", "anna", "--out", out)
    assert other.exit_code != 0


def test_the_results_name_every_metric_and_question(files, tmp_path):
    out = tmp_path / "answers.jsonl"
    told = rating.identify(files)
    for judge in ("anna", "boris"):
        for item in rating.items({"mine": A, "theirs": B}, judge=judge):
            values = {**ANSWERS, "right": 5 if item.caption.startswith("кот") else 1}
            for line in rating.answers_of(item, values, judge, told):
                storage.append_line(out, line)
    answer = invoke("--results", out, "--captions", files[0], "--captions", files[1], "--json")
    assert answer.exit_code == 0, answer.output
    found = {one["question"]: one for one in json.loads(answer.stdout)["questions"]}
    assert found["right"]["judges"] == 2
    assert found["right"]["alpha"] == 1
    assert found["right"]["metrics"]["scene_words_f1"]["pairs"][0] == 1
    assert found["complete"]["metrics"]["scene_words_f1"]["pairs"] is None  # everybody always said 2
    assert invoke("--results", out).exit_code != 0


def test_a_file_that_rates_something_else_is_refused(files, tmp_path):
    out = tmp_path / "answers.jsonl"
    told = rating.identify(files)
    item = rating.items({"mine": A, "theirs": B})[0]
    storage.append_line(out, rating.answers_of(item, ANSWERS, "anna", told)[0])
    with pytest.raises(UsageError, match="other captions"):
        rating.answered(out, rating.identify(files, seed=1), "anna")
    with pytest.raises(DataError):
        rating.check_answer({"judge": "anna", "image_id": "1", "winner": "a"}, "row 1")


def test_label_studio_asks_the_same_and_its_export_is_read(files, tmp_path):
    folder = tmp_path / "project"
    assert invoke(*files, "--scale", 5, "--label-studio", folder).exit_code == 0
    view = ElementTree.parse(folder / "config.xml").getroot()
    assert view.tag == "View"
    names = {element.get("name") for element in view.iter() if element.get("name")}
    tasks = json.loads((folder / "tasks.json").read_text(encoding="utf-8"))
    for element in view.iter():  # what a tag is about exists, and so does the task's value that it shows
        assert element.get("toName") is None or element.get("toName") in names
        if (value := element.get("value", "")).startswith("$"):
            assert all(value[1:] in task["data"] for task in tasks)
    assert [element.get("name") for element in view.iter("Rating")] == list(rating.QUESTIONS)
    assert "mine" not in (folder / "tasks.json").read_text(encoding="utf-8")
    assert tasks[0]["data"]["image"].startswith("/data/local-files/?d=")
    assert any("%20" in task["data"]["image"] for task in tasks)
    result = [
        {"from_name": name, "to_name": "caption", "type": "rating", "value": {"rating": n}}
        for name, n in ANSWERS.items()
    ]
    exported = [
        {**task, "id": 1, "annotations": [
            {"completed_by": 7, "result": result, "was_cancelled": False},
            {"completed_by": {"id": 8, "email": "b@example.org"}, "result": [], "was_cancelled": True},
        ]}
        for task in tasks
    ]  # fmt: skip
    storage.write_json(folder / "export.json", exported)
    found = list(label_studio.read_answers(folder / "export.json"))
    assert {one["judge"] for one in found} == {"7"}
    assert {(one["image_id"], one["system"]) for one in found} == {
        (str(i), s) for i in range(12) for s in ("mine", "theirs")
    }
    assert all(rating.check_answer(one, "") for one in found)
    moved = tmp_path / "export.json"
    storage.write_json(moved, exported)
    with pytest.raises(MissingFileError):
        list(label_studio.read_answers(moved))


def test_label_studio_compares_pairs(files, tmp_path):
    folder = tmp_path / "project"
    assert invoke(*files, "--label-studio", folder, "--judge", "anna").exit_code == 0
    tasks = json.loads((folder / "tasks.json").read_text(encoding="utf-8"))
    exported = []
    for task in tasks:
        chosen = "first" if "кот" in task["data"]["first"] else "Вторая"
        result = [{"from_name": "better", "type": "choices", "value": {"choices": [chosen]}}]
        exported.append({**task, "annotations": [{"completed_by": 1, "result": result}]})
    storage.write_json(folder / "export.json", exported)
    found = list(label_studio.read_answers(folder / "export.json"))
    assert len(found) == len(tasks) == 11
    assert {judging.check_answer(one, "")["winner"] for one in found} == {"a"}  # mine, on whichever side it stood
    storage.write_json(folder / "export.json", [{"data": {}}])
    with pytest.raises(DataError, match="task 1"):
        list(label_studio.read_answers(folder / "export.json"))
