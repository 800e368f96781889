"""The page of all systems: floors first, each once, best first after them, and nothing in a name becomes HTML."""

from __future__ import annotations

import json
import re

import pytest

from memecap.core import storage
from memecap.errors import MemecapError
from memecap.report.leaderboard import Board, systems_of, write_leaderboard

REFERENCE = "кот сидит на столе у окна"
GOOD, POOR, FLOOR = "кот сидит на столе у окна", "кот сидит", "дом"


def rows(caption, system, n=6):
    return [
        {"image_id": str(i), "caption": caption, "references": [REFERENCE], "system": system, "file_name": f"{i}.png"}
        for i in range(n)
    ]


def evaluation(folder, caption, system, floors):
    storage.write_json(folder / "evaluation.json", {"corpus": str(folder / "none"), "split": "val"})
    storage.write_jsonl(folder / "captions.jsonl", rows(caption, system))
    for name in floors:
        storage.write_jsonl(folder / "floors" / f"{name}.jsonl", rows(FLOOR, name))
    return folder


@pytest.fixture
def board(tmp_path):
    good = evaluation(tmp_path / "good", GOOD, "lstm", ["constant", "shuffled_pixels"])
    poor = evaluation(tmp_path / "poor", POOR, "lstm", ["constant", "template"])
    storage.write_jsonl(tmp_path / "other.jsonl", rows("кот сидит на столе", "x"))
    evaluations = {"poor": poor, "<b>good|</b>": good}
    return Board("Мемы", evaluations, {"elsewhere": tmp_path / "other.jsonl"}, {"poor": "1.0 CPU minutes"})


def test_floors_that_are_nobodys_own_stand_once(board):
    names = [system.name for system in systems_of(board)]
    assert names == ["poor", "<b>good|</b>", "elsewhere", "constant", "template"]


def test_floors_come_first_and_captioners_by_their_headline(board, tmp_path):
    page, text = write_leaderboard(tmp_path, [board, board], resamples=20)
    told = json.loads(re.search(r'id="data">(.*?)</script>', page.read_text(encoding="utf-8"), re.S)[1])
    first, second = told["boards"]
    assert first == second
    assert [row["floor"] for row in first["rows"]] == [True, True, False, False, False]
    assert [row["system"] for row in first["rows"]][2:] == ["<b>good|</b>", "elsewhere", "poor"]
    names = [column["name"] for column in first["columns"]]
    assert {"chrf2", "bleu4", "scene_words_f1", "invented", "kinds"} <= set(names)
    assert first["rows"][2]["cells"][names.index("bleu4")][0].startswith("100")
    assert "<b>good" not in page.read_text(encoding="utf-8")
    lines = text.read_text(encoding="utf-8").splitlines()
    assert lines[0] == "## Мемы"
    assert sum(line.startswith("| floor: ") for line in lines) == 4
    assert any(line.startswith("| poor (1.0 CPU minutes) |") for line in lines)
    assert any(line.startswith("| <b>good\\|</b> |") for line in lines)


def test_a_floor_that_was_evaluated_on_its_own_is_one(tmp_path):
    folder = evaluation(tmp_path / "template", GOOD, "template", ["constant"])
    storage.write_jsonl(tmp_path / "remember.jsonl", rows(POOR, "remember"))
    found = systems_of(Board("", {"template": folder}, {"remember": tmp_path / "remember.jsonl"}))
    assert [(one.name, one.kind) for one in found] == [(n, "floor") for n in ("template", "remember", "constant")]


def test_systems_on_other_rows_are_not_compared(board, tmp_path):
    storage.write_jsonl(tmp_path / "odd.jsonl", [row | {"references": ["пёс"]} for row in rows("пёс", "x")])
    with pytest.raises(MemecapError):
        write_leaderboard(tmp_path, [Board("", board.evaluations, {"odd": tmp_path / "odd.jsonl"})], resamples=20)
