"""What earlier versions of memecap wrote is read by this one: `tests/artefacts/<version>`, never made again.

Each holds a painted corpus with readings, features and recollections, a memory, an evaluation and a run; the tests of
`memecap verify` made them.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from memecap.checkpoints import checkpoint
from memecap.core import manifest
from memecap.core.verify import verify
from memecap.encoders.stored.features import load_features
from memecap.inference.pipeline import Pipeline
from memecap.memory.memory import Memory
from memecap.memory.stored import load_recollections
from memecap.pictures.safe_open import open_picture
from memecap.reading.stored.readings import load_readings
from memecap.scoring.compare import read_records, read_systems

HERE = Path(__file__).parents[1]
VERSIONS = sorted(path for path in (HERE / "artefacts").iterdir() if path.is_dir())


@pytest.fixture(params=VERSIONS, ids=lambda path: path.name)
def written(request: pytest.FixtureRequest) -> Path:
    folder: Path = request.param
    return folder


def test_they_are_as_they_were_written(written: Path) -> None:
    assert verify([written]).faults == []


def test_a_corpus_and_what_stands_beside_it(written: Path) -> None:
    corpus = manifest.open_corpus(written / "corpus" / "memes")
    rows = [row for split in corpus.counts for row in corpus.rows(split)]
    assert corpus.counts == {"train": 6, "val": 3} and len(rows) == 9
    for row in rows:
        path = corpus.image_path(row)
        assert path is not None and open_picture(path).size == (372, 186)
    ids = {row.image_id for row in rows}
    readings = load_readings(corpus.folder)
    assert readings.keys() == ids and "ПОНЕДЕЛЬНИК" in readings[rows[0].image_id].text
    assert load_features(corpus.folder, "mean-colour").keys() == ids
    assert load_recollections(corpus.folder).keys() == {row.image_id for row in corpus.rows("val")}


def test_a_memory(written: Path) -> None:
    memory = Memory.open(written / "memory")
    corpus = manifest.open_corpus(written / "corpus" / "memes")
    assert len(memory) == corpus.counts["train"]
    row = next(corpus.rows("train"))
    picture = open_picture(corpus.folder / row.split / row.file_name)
    assert all(found.corpus == "memes" for found in memory.ask(picture))
    memory.close()


def test_a_run(written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(HERE / "training"))
    captioner = checkpoint.load(written / "run", trust_code=True)
    (caption,) = Pipeline(captioner, None).describe([open_picture(next(written.glob("corpus/memes/val/images/*")))])
    assert isinstance(caption.text, str)


def test_an_evaluation(written: Path) -> None:
    systems, records = read_systems(written / "evaluation"), read_records(written / "evaluation" / "scores.json")
    assert len(systems) == len(records) > 3
    assert all(len(system.rows) == 3 for system in systems)
