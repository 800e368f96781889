"""`kill -9` at any moment of building a memory and of asking it about a corpus: the same answers in the end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from drawn_scenes import scene
from killing import Killer, files
from PIL import ImageOps

from memecap.core.manifest import Row, finish, open_corpus, write_rows
from memecap.memory import index, memory
from memecap.memory.memory import Memory
from memecap.memory.stored import recollect, remember

N = 3


def corpus(folder: Path) -> Path:
    """Scenes in train, each again in val: cropped or mirrored; and one that is new."""
    rows = []
    for seed in range(N + 1):
        for split, picture in (("train", scene(seed)), ("val", ImageOps.mirror(scene(seed).crop((9, 9, 330, 250))))):
            if (seed, split) == (N, "train"):
                continue
            name = f"{split}{seed}"
            path = folder / split / "images" / f"{name}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            picture.save(path)
            told = {"image_id": name, "group_id": name, "corpus": "drawn", "split": split}
            rows.append(Row(captions=(f"сцена {seed}",), file_name=f"images/{name}.png", **told))
    finish(folder, "drawn", write_rows(folder, rows))
    return folder


def job(folder: Path, exact: int) -> None:
    memory.KEPT_AT_ONCE, index.EXACT = 2, exact
    made = Memory.create(folder / "memory")
    assert remember(made, open_corpus(folder / "drawn"), {}, ["train"]) == []
    made.save()
    recollect(open_corpus(folder / "drawn"), Memory.open(folder / "memory"), {}, ["val"])


def torment(n_kills: int, tmp_path: Path, exact: int) -> None:
    killer = Killer("memecap.memory.memory", "cv2", "faiss")
    for number in range(n_kills + 1):
        corpus(tmp_path / f"round{number}" / "drawn")
    n_steps = killer.run(job, tmp_path / "round0", exact)
    expected = files(tmp_path / "round0" / "drawn")
    (name,) = (name for name in expected if name.startswith("recollections"))
    answers = {record["image_id"]: record["recollections"] for record in map(json.loads, expected[name].splitlines())}
    known = {image_id: [each["image_id"] for each in found] for image_id, found in answers.items()}
    assert known == {f"val{seed}": [f"train{seed}"] if seed < N else [] for seed in range(N + 1)}
    identity = Memory.open(tmp_path / "round0" / "memory").identity
    for number, _ in killer.rounds(n_kills, job, n_steps, lambda number: (tmp_path / f"round{number}", exact)):
        folder = tmp_path / f"round{number}"
        assert files(folder / "drawn") == expected
        assert Memory.open(folder / "memory").identity == identity


@pytest.mark.slow
@pytest.mark.timeout(1800)  # a guard, not a measure
@pytest.mark.parametrize("exact", [10**6, 1000], ids=["exact", "quantised"])
def test_kills_of_a_memory(tmp_path: Path, exact: int) -> None:
    torment(5, tmp_path, exact)
