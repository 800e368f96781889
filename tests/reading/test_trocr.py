"""A recogniser in the Hub's format, tiny and untrained: what is asked of it, and what its answer becomes."""

import json
import shutil
from collections.abc import Sequence

import pytest
from PIL import Image
from tiny_models import write_trocr

from memecap.core import config
from memecap.errors import ConfigError, DataError
from memecap.reading.base import Line, Reader, Reading
from memecap.reading.trocr import TrOcr


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("trocr")
    write_trocr(path)
    return path


class Finder(Reader):
    """Finds one line on wide pictures, none on others."""

    @property
    def version(self) -> str:
        return "finder 1"

    def read(self, images: Sequence[Image.Image]) -> list[Reading]:
        line = Line("????", (5, 5, 60, 20), 0.1)
        return [
            Reading((line, line) if image.width > 50 else (), image.width, image.height, self.version)
            for image in images
        ]


@pytest.fixture
def reader(folder, monkeypatch):
    made = TrOcr(TrOcr.Config(model=str(folder), max_new_tokens=5, batch_size=3))
    monkeypatch.setattr(made, "_finder", Finder())
    return made


def test_lines_are_written_anew_and_keep_their_boxes(reader):
    wide, small = Image.new("RGB", (80, 40), "white"), Image.new("RGB", (30, 30))
    first, none, last = reader.read([wide, small, wide])
    assert none.lines == ()
    assert first == last
    assert {line.box for line in first.lines} == {(5, 5, 60, 20)}
    assert all(set(line.text.split()) <= {"кот", "дом", "спит"} and 0 < line.confidence <= 1 for line in first.lines)
    assert first.reader == reader.version
    assert "finder 1" in reader.version


def test_a_batch_reads_as_one_by_one(reader):
    crops = [Image.new("RGB", (40 + 10 * n, 20), (20 * n, 90, 10)) for n in range(5)]
    together = reader._recognise(crops)
    alone = [reader._recognise([crop])[0] for crop in crops]
    assert [text for text, _ in together] == [text for text, _ in alone]
    assert [sure for _, sure in together] == pytest.approx([sure for _, sure in alone], abs=1e-5)


def test_the_model_s_own_wishes_change_nothing(folder, tmp_path, reader):
    """generation_config.json may ask for beams and rules; the reader reads greedily, as sure as the model."""
    shutil.copytree(folder, tmp_path / "poisoned")
    path = tmp_path / "poisoned" / "generation_config.json"
    wishes = {
        "num_beams": 3,
        "no_repeat_ngram_size": 1,
        "min_new_tokens": 4,
        "suppress_tokens": [3],
        "length_penalty": 2,
    }
    path.write_text(json.dumps(json.loads(path.read_text()) | wishes))
    poisoned = TrOcr(TrOcr.Config(model=str(tmp_path / "poisoned"), max_new_tokens=5, batch_size=3))
    crops = [Image.new("RGB", (40 + 10 * n, 20), (20 * n, 90, 10)) for n in range(3)]
    assert poisoned._recognise(crops) == reader._recognise(crops)


def test_the_model_must_be_named():
    with pytest.raises(ConfigError, match="model"):
        config.validate(TrOcr.Config, {}, where="test")


def test_a_folder_of_something_else_is_refused(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(DataError):
        config.build("reading", {"name": "trocr", "model": str(tmp_path)})
