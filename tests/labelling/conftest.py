"""A folder of pictures that nobody has described, and a teacher behind a local server that names their colours."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from vision_server import KEY, MODEL, VisionServer

from memecap.core import manifest, storage
from memecap.corpora.build.build import build
from memecap.corpora.pictures import Pictures
from memecap.reading.base import Line, Reading
from memecap.reading.stored.readings import readings_path

N = 24


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[VisionServer]:
    monkeypatch.setenv("SEER_KEY", KEY)
    monkeypatch.setenv("MEMECAP_CACHE", str(tmp_path / "cache"))
    made = VisionServer()
    yield made
    made.close()


@pytest.fixture
def teacher(server: VisionServer, tmp_path: Path) -> str:
    path = tmp_path / "teacher.yaml"
    settings = f"{{name: openai, model: {MODEL}, endpoint: '{server.url}', key_variable: SEER_KEY, pause_s: 0.001}}"
    path.write_text(f"# a model of the tests\ncaptioner: {settings}\n")
    return str(path)


def colour(number: int) -> tuple[int, int, int]:
    return 16 * (number % 8), 16 * (number // 8 * 5), 32 * (number % 5)


@pytest.fixture
def wild(tmp_path: Path) -> Path:
    """A corpus of pictures without captions, each read: three words of which the last names its colour."""
    folder = tmp_path / "found"
    folder.mkdir()
    for number in range(N):
        image = Image.new("RGB", (64, 64), colour(number))
        image.paste((255 - 9 * number, 9 * number, 90), (0, 0, 10 + number, 9 + number % 7))  # no near-duplicates
        image.save(folder / f"{number:02}.png")
    (folder / "notes.txt").write_text("not a picture")
    corpus = build(Pictures(Pictures.Config(source=folder, val=0.25, test=0)), tmp_path / "corpora" / "wild")
    rows = [row for split in corpus.counts for row in corpus.rows(split)]
    readings = [
        {"image_id": row.image_id}
        | Reading((Line(f"когда {i} устал совсем", (0, 0, 30, 9), 0.9),), 64, 64, "test 1").to_json()
        for i, row in enumerate(rows)
    ]
    storage.write_jsonl(readings_path(corpus.folder, "test 1"), readings)
    assert manifest.open_corpus(corpus.folder).counts == corpus.counts
    return corpus.folder
