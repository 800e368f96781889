"""The worked examples of CONTRIBUTING.md, each written as the one file that it is, and used."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from PIL import Image

import memecap
from memecap.captioners.base import create
from memecap.core import config
from memecap.decoding.greedy import Greedy
from memecap.scoring.score import measure

ROOT = Path(__file__).parents[1]
EXAMPLES = re.findall(
    r"`examples/(\w+\.py)`:\n\n```python\n(.*?)```", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"), re.DOTALL
)


@pytest.fixture(autouse=True)
def examples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, code in EXAMPLES:
        path = tmp_path / "examples" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(code, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in [name for name in __import__("sys").modules if name.split(".")[0] == "examples"]:
        monkeypatch.delitem(__import__("sys").modules, name)


def test_there_are_three() -> None:
    assert [name for name, _ in EXAMPLES] == ["questions.py", "brightness.py", "loudest.py"]


def test_a_metric() -> None:
    captions, references = ["кто это?", "кот", "кот?", "пёс"], [["кот"]] * 4
    part = {"name": "examples.questions", "view": "written"}
    assert measure(captions, references, more=[part]).scores["questions"] == 0.5


def test_a_reader() -> None:
    (reading,) = memecap.read([Image.new("RGB", (30, 20), "white")], "examples.brightness", words=("НОЧЬ", "ДЕНЬ"))
    assert reading.text == "ДЕНЬ" and reading.lines[0].box == (0, 0, 30, 20)
    assert memecap.read(Image.new("RGB", (30, 20)), "examples.brightness").text == "ТЕМНО"


def test_a_captioner() -> None:
    captioner = create(config.configure("captioners", "examples.loudest"))
    reading = memecap.read(Image.new("RGB", (30, 20)), "examples.brightness")
    found = captioner.generate(None, [reading, None], Greedy())
    assert [captions[0].text for captions in found] == ["ТЕМНО", "тихо"]
