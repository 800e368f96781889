"""Whose words a memory keeps: a person's, a correction's, a model's that taught or translated."""

from __future__ import annotations

from pathlib import Path

import pytest
from drawn_scenes import scene

from memecap.core.manifest import Row, finish, open_corpus, write_rows
from memecap.memory.memory import Memory
from memecap.memory.stored import remember

TEACHER = "qwen2.5-vl-7b"


def corpus(folder: Path, rows: dict[str, dict[str, str]], **details: str) -> Path:
    """Drawn pictures of a train split, each with what its row tells of its author."""
    written = []
    for seed, (name, told) in enumerate(rows.items()):
        path = folder / "train" / "images" / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        scene(seed).save(path)
        held = {"image_id": name, "group_id": name, "corpus": folder.name, "split": "train"}
        written.append(Row(captions=(f"сцена {name}",), file_name=f"images/{name}.png", **held, **told))
    finish(folder, folder.name, write_rows(folder, written), **details)
    return folder


def authors(folder: Path, source: Path, **said: str) -> dict[str, str]:
    """Who wrote what is remembered, as the memory tells it when it is asked about each picture."""
    made = Memory.create(folder)
    assert remember(made, open_corpus(source), {}, **said) == []
    found = [made.ask(scene(seed)) for seed in range(len(made))]
    assert all(len(each) == 1 for each in found)
    told = {each[0].image_id: each[0].written_by for each in found}
    assert told == {entry.image_id: entry.written_by for entry in made.entries()}
    return told


def test_each_row_keeps_its_own_author(tmp_path: Path) -> None:
    rows = {
        "person": {},
        "teacher": {"written_by": TEACHER},
        "translated": {"translator": "opus-mt-en-ru"},
        "taught_and_translated": {"written_by": TEACHER, "translator": "opus-mt-en-ru"},
        "correction": {"written_by": "correction"},
    }
    assert authors(tmp_path / "memory", corpus(tmp_path / "mixed", rows)) == {
        "person": "person",
        "teacher": TEACHER,
        "translated": "opus-mt-en-ru",
        "taught_and_translated": TEACHER,
        "correction": "correction",
    }


@pytest.mark.parametrize("where", ["corpus", "call"])
def test_a_corpus_of_corrections_is_told_whole(tmp_path: Path, where: str) -> None:
    details = {"written_by": "correction"} if where == "corpus" else {}
    said = {"written_by": "correction"} if where == "call" else {}
    source = corpus(tmp_path / "corrections", {"a": {}, "b": {"translator": "opus-mt-en-ru"}}, **details)
    assert authors(tmp_path / "memory", source, **said) == {"a": "correction", "b": "correction"}
