"""A tiny corpus, a tiny captioner, and the settings that train one on the other in a second."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from memecap.cli import main
from memecap.core import config, manifest, storage
from memecap.core.config import validate
from memecap.core.manifest import Row
from memecap.reading.base import Line, Reading
from memecap.reading.stored.readings import readings_path
from memecap.training.config import TrainConfig
from tests.training.outcomes import Run

HERE = Path(__file__).parent
NOUNS = ["кот", "пёс", "дом", "лес", "мяч", "стол"]
VERBS = ["спит", "бежит", "стоит", "молчит"]


@pytest.fixture(autouse=True)
def toy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the captioner `toys.captioner` reachable by its dotted name."""
    monkeypatch.syspath_prepend(str(HERE))


@pytest.fixture
def data_folder(tmp_path: Path) -> Path:
    """Corpora `first` (text only, two captions a row) and `second` (with readings)."""
    folder = tmp_path / "data"
    write_corpus(folder / "corpora" / "first", "first", n_captions=2)
    corpus = write_corpus(folder / "corpora" / "second", "second", n_captions=1)
    storage.write_jsonl(
        readings_path(corpus.folder, "toy 1"),
        (
            {
                "image_id": row.image_id,
                **Reading((Line(row.captions[0][:4], (0, 0, 1, 1), 0.9),), 9, 9, "toy 1").to_json(),
            }
            for split in ("train", "val")
            for row in corpus.rows(split)
        ),
    )
    return folder


def write_corpus(folder: Path, name: str, *, n_captions: int) -> manifest.Corpus:
    rows = []
    for i, (noun, verb) in enumerate((noun, verb) for noun in NOUNS for verb in VERBS):
        captions = [f"{noun} {verb} {'и ' * k}тут" for k in range(n_captions)]
        split = "val" if i % 6 == 5 else "train"
        rows.append(Row(captions=tuple(captions), image_id=f"{name}{i}", group_id=f"{i}", corpus=name, split=split))
    return manifest.finish(folder, name, manifest.write_rows(folder, rows))


@pytest.fixture
def pictured(data_folder: Path) -> Path:
    """The folder of the corpus `second`, its rows given pictures of one colour each."""
    folder = data_folder / "corpora" / "second"
    corpus = manifest.open_corpus(folder)
    rows = []
    for split in ("train", "val"):
        (folder / split / "images").mkdir()
        for i, row in enumerate(corpus.rows(split)):
            rows.append(dataclasses.replace(row, file_name=f"images/{row.image_id}.png"))
            Image.new("RGB", (6, 6), (i * 9, 90, 200 - i)).save(folder / split / "images" / f"{row.image_id}.png")
    manifest.finish(folder, "second", manifest.write_rows(folder, rows))
    return folder


@pytest.fixture
def settings(data_folder: Path) -> Callable[..., TrainConfig]:
    """Settings of two short stages; keywords replace top-level keys, `stages` replaces both."""

    def make(**changes: Any) -> TrainConfig:
        values: dict[str, Any] = {
            "captioner": {"name": "toys.captioner"},
            "data_folder": data_folder,
            "stages": [
                {"name": "pretrain", "corpora": ["first"], "epochs": 2, "batch_size": 8, "lr": 0.01},
                {"name": "finetune", "corpora": ["second"], "epochs": 2, "batch_size": 4, "lr": 0.01},
            ],
            "save_every_s": 0,
            "log_every": 2,
            "samples": 2,
        }
        return validate(TrainConfig, values | changes, where="test")

    return make


@pytest.fixture
def dry(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """`memecap train --dry-run` on settings, or a file → exit code, stdout; it must not leave anything behind."""

    def call(settings: TrainConfig | Path, *more: str) -> tuple[int, str]:
        path = settings if isinstance(settings, Path) else tmp_path / "recipe.yaml"
        if isinstance(settings, TrainConfig):
            path.write_text(config.to_yaml(settings), encoding="utf-8")
        out = tmp_path / "out"
        monkeypatch.setattr(sys, "argv", ["memecap", "train", str(path), "--dry-run", "--out", str(out), *more])
        with pytest.raises(SystemExit) as ended:
            main()
        assert not out.exists()
        return int(ended.value.code or 0), capsys.readouterr().out

    return call
