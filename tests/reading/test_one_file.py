"""A reader is added by one file: it reads a picture and a corpus by its name, and is a citizen of every command."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner

import memecap.cli.verbs  # noqa: F401  (registers the commands)
from memecap.cli import app
from memecap.core import config, manifest
from memecap.core.manifest import Row
from memecap.reading.stored.readings import load_readings, read_corpus

READER = '''
"""A reader that says how large a picture is."""

from memecap.core.config import PartConfig
from memecap.reading.base import Line, Reader, Reading


class Sizes(Reader):
    class Config(PartConfig):
        name: str = "sizes"
        unit: str = "px"

    def __init__(self, config):
        self.config = config

    @property
    def version(self):
        return f"sizes 1 {self.config.unit}"

    def read(self, images):
        return [
            Reading(
                (Line(f"{image.width} {self.config.unit}", (0, 0, *image.size), 1.0),), *image.size, self.version
            )
            for image in images
        ]
'''


@pytest.fixture
def name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The dotted path of the file."""
    (tmp_path / "my_readers").mkdir()
    (tmp_path / "my_readers" / "sizes.py").write_text(READER)
    monkeypatch.syspath_prepend(tmp_path)
    return "my_readers.sizes"


@pytest.fixture
def corpus(tmp_path: Path) -> manifest.Corpus:
    folder = tmp_path / "corpus"
    rows = []
    for width in (20, 30):
        path = folder / "train" / "images" / f"{width}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (width, 10)).save(path)
        rows.append(
            Row(file_name=f"images/{width}.png", captions=("мем",), image_id=str(width), group_id=str(width),
                corpus="corpus", split="train")
        )  # fmt: skip
    return manifest.finish(folder, "corpus", manifest.write_rows(folder, rows))


def test_it_reads_a_picture(name: str) -> None:
    reading = config.build("reading", {"name": name, "unit": "пикселей"}).read([Image.new("RGB", (40, 10))])[0]
    assert reading.text == "40 пикселей"


@pytest.mark.parametrize("on", ["here", "workers:1"])
def test_it_reads_a_corpus(name: str, corpus: manifest.Corpus, on: str) -> None:
    readings = read_corpus(corpus, config.build("reading", name), on=on)
    assert {key: reading.text for key, reading in readings.items()} == {"20": "20 px", "30": "30 px"}
    assert load_readings(corpus.folder) == readings


def test_the_command_takes_its_name(name: str, corpus: manifest.Corpus) -> None:
    result = CliRunner().invoke(app, ["read", str(corpus.folder), "--reader", name, "--set", "unit=mm", "--json"])
    assert result.exit_code == 0, result.output
    assert {reading.reader for reading in load_readings(corpus.folder).values()} == {"sizes 1 mm"}
