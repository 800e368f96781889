import json

import pytest
from drawn_scenes import scene
from PIL import ImageOps

from memecap.cli import app
from memecap.cli import verbs as _verbs  # noqa: F401  (each verb adds itself)
from memecap.core import storage
from memecap.core.manifest import Row, finish, write_rows
from memecap.errors import MissingFileError


def run(capsys, *words):
    code = app(args=[str(word) for word in words], standalone_mode=False)
    return code, capsys.readouterr().out


@pytest.fixture
def corpus(tmp_path):
    """Two scenes in train, in val one of them mirrored and a new one; the last two of train are a group."""
    folder = tmp_path / "corpus"
    rows = []
    for name, split, group, picture in (
        ("a", "train", "a", scene(1)),
        ("b", "train", "bc", scene(2)),
        ("c", "train", "bc", scene(2).crop((10, 10, 340, 270))),
        ("d", "val", "d", ImageOps.mirror(scene(1))),
        ("e", "val", "e", scene(3)),
    ):
        path = folder / split / "images" / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        picture.save(path)
        told = {"captions": (f"сцена {name}",), "image_id": name, "group_id": group, "corpus": "drawn", "split": split}
        rows.append(Row(**told, file_name=f"images/{name}.png"))
    finish(folder, "drawn", write_rows(folder, rows))
    return folder


def test_build_find_look_join(tmp_path, corpus, capsys):
    memory = tmp_path / "memory"
    code, out = run(capsys, "memory", "build", corpus, "--out", memory, "--split", "train", "--json")
    told = json.loads(out)
    assert not code and told["pictures"] == 3 and told["splits"] == {"drawn": {"train": 3}}
    _, again = run(capsys, "memory", "build", corpus, "--out", memory, "--split", "train", "--json")
    assert json.loads(again) == told

    code, out = run(capsys, "memory", "find", memory, corpus, "--json")
    answer = json.loads(out)
    stored = {
        each["image_id"]: each["recollections"] for each in storage.read_jsonl(tmp_path / answer["recollections"])
    }
    known = {image_id: [each["image_id"] for each in found] for image_id, found in stored.items()}
    assert known == {"a": [], "b": [], "c": [], "d": ["a"], "e": []}  # neither itself nor its group
    assert answer["known"] == 1 and stored["d"][0]["mirrored"] and stored["d"][0]["written_by"] == "person"

    picture = corpus / "val" / "images" / "d.png"
    _, out = run(capsys, "memory", "find", memory, picture, "--reader", "none", "--json")
    assert [each["image_id"] for each in json.loads(out)["recollections"]] == ["a"]

    page = tmp_path / "look.html"
    run(capsys, "memory", "look", memory, corpus, "--split", "val", "--out", page, "--reader", "none")
    text = page.read_text(encoding="utf-8")
    assert "1 of 2 pictures are known to a memory of 3" in text and "<script" not in text
    assert text.count("data:image/jpeg") == 2 and text.count("<line") > 20 and "сцена a" in text

    other = tmp_path / "other"
    run(capsys, "memory", "build", corpus, "--out", other, "--split", "val", "--written-by", "teacher")
    code, out = run(capsys, "memory", "join", memory, other, "--json")
    assert json.loads(out)["splits"] == {"drawn": {"train": 3, "val": 2}}
    _, out = run(capsys, "memory", "find", memory, corpus / "val" / "images" / "e.png", "--reader", "none", "--json")
    assert [each["written_by"] for each in json.loads(out)["recollections"]] == ["teacher"]


def test_add_wants_a_memory(tmp_path, corpus):
    with pytest.raises(MissingFileError, match="no memory there"):
        app(args=["memory", "add", str(tmp_path / "absent"), str(corpus)], standalone_mode=False)
