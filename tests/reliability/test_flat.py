"""Work that goes on for very long needs no more memory and no more open files than work that has just begun."""

from __future__ import annotations

import io
import itertools
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from memecap.core import config, manifest
from memecap.core.manifest import Row
from memecap.inference.load import load_captioner
from memecap.training import run as training
from memecap.training.config import TrainConfig
from memecap.training.progress import Step
from memecap.training.stage import Epoch, StageRun

MANY = int(os.environ.get("MEMECAP_MANY", "100000"))
GROWTH = 24_000_000  # bytes that an allocator may keep; a leak of 300 bytes a step would be more


def standing() -> tuple[int, int]:
    """Bytes in memory and open files of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGESIZE"), len(list(Path("/proc/self/fd").iterdir()))


def check_flat(marks: list[tuple[int, int]]) -> None:
    print(f"{MANY:,}: megabytes and files at each tenth: {[(size >> 20, files) for size, files in marks]}")
    early, late = marks[1], marks[-1]
    assert late[0] - early[0] < GROWTH
    assert late[1] <= early[1]


@pytest.mark.slow
@pytest.mark.timeout(7200)  # a guard, not a measure
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="no /proc here")
def test_steps_of_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1] / "training"))
    monkeypatch.chdir(tmp_path)
    rows = (
        Row(captions=(f"кот {i}",), image_id=f"{i}", group_id=f"{i}", corpus="c", split="train" if i > 3 else "val")
        for i in range(4 + MANY // 5)  # ten epochs
    )
    folder = tmp_path / "data" / "corpora" / "c"
    manifest.finish(folder, "c", manifest.write_rows(folder, rows))
    stage = {"name": "one", "corpora": ["c"], "steps": MANY, "batch_size": 2, "lr": 1e-4}
    values = {
        "captioner": {"name": "toys.captioner", "width": 4}, "data_folder": tmp_path / "data", "stages": [stage],
        "save_every_s": 1e6, "log_every": 1000, "samples": 0,
    }  # fmt: skip
    marks, true_fit = [standing()], training.fit

    def counted(run: StageRun) -> Iterator[Step | Epoch]:
        for done in true_fit(run):
            if isinstance(done, Step) and run.progress.step % (MANY // 10) == 0:
                marks.append(standing())
            yield done

    monkeypatch.setattr(training, "fit", counted)
    training.train(config.validate(TrainConfig, values, where="test"), tmp_path / "out")
    check_flat(marks)


@pytest.mark.slow
@pytest.mark.timeout(7200)
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="no /proc here")
def test_captions() -> None:
    pictures = []
    for colour in ("red", "green", "blue"):
        content = io.BytesIO()
        Image.new("RGB", (24, 16), colour).save(content, "PNG")
        pictures.append(content.getvalue())
    captioner = load_captioner(reader={"name": "tests.web.known_reader"})
    marks = [standing()]
    given = itertools.islice(itertools.cycle(pictures), MANY)
    for number, result in enumerate(captioner.stream(given, batch_size=16), 1):
        assert result.caption is not None
        if number % (MANY // 10) == 0:
            marks.append(standing())
    assert len(marks) == 11
    check_flat(marks)
