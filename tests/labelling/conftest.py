"""A folder of pictures that nobody has described, and a teacher behind a local server that names their colours."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image
from vision_server import MODEL, VisionServer

from memecap.core import manifest, storage
from memecap.core.manifest import Row
from memecap.reading.base import Line, Reading
from memecap.reading.stored.readings import readings_path

N = 24


@pytest.fixture
def teacher(server: VisionServer, tmp_path: Path) -> str:
    path = tmp_path / "teacher.yaml"
    settings = f"{{name: openai, model: {MODEL}, endpoint: '{server.url}', key_variable: SEER_KEY, pause_s: 0.001}}"
    path.write_text(f"# a model of the tests\ncaptioner: {settings}\n")
    return str(path)


@pytest.fixture
def wild(tmp_path: Path) -> Path:
    """A corpus of pictures without captions, each of a colour of its own and with three words read on it."""
    folder, rows, readings = tmp_path / "corpora" / "wild", [], []
    for number in range(N):
        content = io.BytesIO()
        Image.new("RGB", (40, 30), (16 * (number % 8), 80 * (number // 8), 32 * (number % 5))).save(content, "PNG")
        key, split = storage.sha256_bytes(content.getvalue()), "val" if number % 4 == 3 else "train"
        storage.write_bytes(folder / split / "images" / f"{key}.png", content.getvalue(), durable=False)
        told = {"image_id": key, "group_id": key, "file_name": f"images/{key}.png", "source_id": f"{number:02}"}
        rows.append(Row(captions=(), corpus="wild", split=split, **told))
        read = Reading((Line(f"когда {number} устал совсем", (0, 0, 30, 9), 0.9),), 40, 30, "test 1")
        readings.append({"image_id": key, **read.to_json()})
    manifest.finish(folder, "wild", manifest.write_rows(folder, rows))
    storage.write_jsonl(readings_path(folder, "test 1"), readings)
    return folder
