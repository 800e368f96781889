"""An evaluation with a memory: known and new rows, what is remembered as a floor, and no row of its own split."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw

from memecap.core import manifest, storage
from memecap.errors import UsageError
from memecap.evaluation.evaluate import evaluate
from memecap.memory.memory import Memory
from memecap.memory.stored import remember
from memecap.reading.base import Line, Reading
from memecap.reading.stored.readings import readings_path

N = 6


@pytest.fixture
def corpus(tmp_path: Path) -> manifest.Corpus:
    """Train pictures 0 to 5; those of val are 0 to 2 with another text, and three new ones."""
    folder, rows, readings = tmp_path / "drawn", [], []
    for number in range(2 * N):
        split, scene = ("train", number) if number < N else ("val", number - N if number < N + 3 else number)
        text, name = "абвгдежзиклм"[number] * 4, f"{number}.png"
        (folder / split / "images").mkdir(parents=True, exist_ok=True)
        draw(scene, split == "val").save(folder / split / "images" / name)
        key = f"id{number}"
        caption = f'Сверху надпись: "{text}". На фото предмет номер {scene} на столе у окна.'
        rows.append(
            manifest.Row(
                captions=(caption,), image_id=key, group_id=key, corpus="drawn", split=split, file_name=f"images/{name}"
            )
        )
        reading = Reading((Line(text, (5, 5, 120, 30), 0.9),), 320, 320, "test-1")
        readings.append({"image_id": key, **reading.to_json()})
    storage.write_jsonl(readings_path(folder, "test-1"), readings)
    return manifest.finish(folder, "drawn", manifest.write_rows(folder, rows))


def draw(scene: int, is_changed: bool) -> Image.Image:
    """A scene of many figures, with a stripe of text above that differs."""
    import random

    chance = random.Random(scene)
    picture = Image.new("RGB", (320, 320), "white")
    pen = ImageDraw.Draw(picture)
    for _ in range(220):
        x, y, size = chance.randrange(320), chance.randrange(40, 320), chance.randrange(6, 40)
        colour = tuple(chance.randrange(256) for _ in range(3))
        chance.choice((pen.ellipse, pen.rectangle))((x, y, x + size, y + size), fill=colour)
    pen.rectangle((0, 0, 320, 36), fill="white")
    pen.rectangle((5, 5, 120 if is_changed else 90, 30), fill="black")
    return picture


def remembering(folder: Path, corpus: manifest.Corpus, *splits: str) -> Memory:
    memory = Memory.create(folder)
    remember(memory, corpus, {}, splits)
    memory.save()
    return memory


def run(corpus: manifest.Corpus, out: Path, memory: Memory | None, model: str = "template", **settings: Any) -> Any:
    return evaluate(model, corpus.folder, out, memory=memory, resamples=100, presets=("ru-words",), **settings)


def test_what_is_remembered_stands_beside_the_floors(corpus: manifest.Corpus, tmp_path: Path) -> None:
    memory = remembering(tmp_path / "memory", corpus, "train")
    records = {record["system"]: record for record in run(corpus, tmp_path / "out", memory)}
    assert {name: part["n"] for name, part in records["remember"]["subsets"].items()} == {"known": 3, "new": 3}
    known, template = (records[name]["subsets"]["known"]["scores"]["scene_bleu1"] for name in ("remember", "template"))
    assert known == pytest.approx(100) and template < 50
    assert storage.read_json(tmp_path / "out" / "evaluation.json")["memory"] == memory.identity
    with pytest.raises(UsageError, match="another memory"):
        run(corpus, tmp_path / "out", None)
    ours = run(corpus, tmp_path / "retold", memory, model="remember")[0]
    assert (ours["system"], ours["kind"]) == ("remember", "captioner")
    assert ours["scores"] == records["remember"]["scores"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({}, "6 rows of drawn, val"),
        ({"corpus": "copied", "split": "train"}, "of these pictures or their groups"),
        ({"corpus": "copied", "split": "train", "image_id": "other"}, "of these pictures or their groups"),
        ({"image_id": "other", "group_id": "other"}, "1 rows of drawn, val"),
    ],
)
def test_its_own_split_is_refused(corpus: manifest.Corpus, tmp_path: Path, change: dict[str, str], told: str) -> None:
    """By image, by group and by the split's name, before anything is captioned."""
    memory = remembering(tmp_path / "memory", corpus, "train", "val")
    if change:
        entry = replace(next(one for one in memory.entries() if one.split == "val"), **change)
        memory = remembering(tmp_path / "other", corpus, "train")
        memory.add([(entry, Image.new("RGB", (9, 9)), [])])
    with pytest.raises(UsageError, match=told) as caught:
        run(corpus, tmp_path / "out", memory, model="remember")
    assert "memory build" in str(caught.value.fix)
    assert not (tmp_path / "out" / "captions.jsonl").exists()
