"""A captioner on workers, or on Ray, gives what it gives here; what cannot travel says so."""

from __future__ import annotations

import json
import pickle
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import torch
from killing import files
from PIL import Image
from typer.testing import CliRunner
from vision_server import MODEL, VisionServer, painted, said_of

from memecap.captioners.base import create
from memecap.cli import app, verbs  # noqa: F401  (each verb adds itself)
from memecap.core import config, device, manifest, storage
from memecap.core.manifest import Row
from memecap.core.parallel import with_made
from memecap.errors import ConfigError, UsageError
from memecap.evaluation.evaluate import evaluate
from memecap.inference.described import open_described

N = 13
PLACES = ["workers:2", "ray"]


@pytest.fixture
def seer(server: VisionServer, tmp_path: Path) -> Path:
    path = tmp_path / "seer.yaml"
    settings = {"name": "openai", "model": MODEL, "endpoint": server.url, "key_variable": "SEER_KEY"}
    path.write_text(json.dumps({"captioner": settings}))  # JSON is YAML
    return path


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(N):
        painted(number).save(folder / f"{number:02}.png")
    (folder / "broken.png").write_bytes(b"not a picture")
    return folder


def corpus_of(folder: Path) -> Path:
    rows = []
    for number in range(N):
        split = "train" if number % 2 else "val"
        place = folder / split / "images" / f"{number}.png"
        place.parent.mkdir(parents=True, exist_ok=True)
        painted(number).save(place)
        key = storage.sha256_file(place)
        told = {"image_id": key, "group_id": key, "file_name": f"images/{number}.png"}
        rows.append(Row(captions=(said_of(number),), corpus="c", split=split, **told))
    manifest.finish(folder, "c", manifest.write_rows(folder, rows))
    return folder


def run(*words: Any) -> str:
    done = CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False)
    assert done.exit_code in (0, 1), done.output
    return done.stdout


def captions(pictures: Path, seer: Path, on: str) -> list[dict[str, Any]]:
    shown = run("caption", pictures, "--model", seer, "--reader", "none", "--json", "--batch-size", "4", "--on", on)
    return [{**json.loads(line), "seconds": None} for line in shown.splitlines()]


def everything(place: str, seer: Path, pictures: Path, corpus: Path, out: Path) -> dict[str, Any]:
    """What `caption`, `evaluate` and `label` give and leave."""
    shown = captions(pictures, seer, place)
    run("evaluate", seer, corpus, "--reader", "none", "--out", out / "val", "--resamples", "100", "--on", place)
    run("label", corpus, "--model", seer, "--reader", "none", "--replace", "--out", out / "taught", "--on", place)
    left = files(out)
    return {"shown": shown, **{name: content for name, content in left.items() if not name.endswith(".lock")}}


@pytest.mark.slow
@pytest.mark.timeout(600)  # a guard, not a measure
def test_workers_say_the_same(seer: Path, pictures: Path, server: VisionServer) -> None:
    here = captions(pictures, seer, "here")
    assert [record["caption"] for record in here[:N]] == [said_of(number) for number in range(N)]
    assert here[N]["error"] and here[N]["caption"] is None
    assert captions(pictures, seer, "workers:2") == here
    assert server.asked.total() == N  # the cache is everybody's


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.filterwarnings("ignore")  # Ray warns of its own settings
@pytest.mark.parametrize("on", PLACES)
def test_captions_evaluations_and_labels_are_the_same_bytes_everywhere(
    on: str, seer: Path, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if on == "ray":
        pytest.importorskip("ray", reason="Ray is an optional extra")
    corpus = corpus_of(tmp_path / "c")
    here = everything("here", seer, pictures, corpus, tmp_path / "here")
    monkeypatch.setenv("MEMECAP_CACHE", str(tmp_path / "another"))  # nothing is known there
    there = everything(on, seer, pictures, corpus, tmp_path / "there")
    assert here == there
    assert {"val/captions.jsonl", "val/floors/shuffled_pixels.jsonl", "taught/labels.jsonl"} < here.keys()


class Rows:
    """Ray's data sets, as far as a map needs them: what is mapped travels as bytes."""

    def __init__(self, rows: list[Any]) -> None:
        self._rows = rows

    def map(self, function: Any) -> Rows:
        sent = pickle.dumps(function)
        return Rows([pickle.loads(sent)(row) for row in self._rows])

    def iter_rows(self) -> Iterator[Any]:
        return iter(self._rows)


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """A module `ray` that runs here: it shows that what is sent can be sent, and nothing of Ray."""
    ray, ray_data = ModuleType("ray"), ModuleType("ray.data")
    context = SimpleNamespace(execution_options=SimpleNamespace())
    ray_data.DataContext = SimpleNamespace(get_current=lambda: context)  # type: ignore[attr-defined]
    ray_data.from_items = lambda rows, override_num_blocks: Rows(rows)  # type: ignore[attr-defined]
    ray.data, ray.is_initialized = ray_data, lambda: True  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "ray", ray)
    monkeypatch.setitem(sys.modules, "ray.data", ray_data)


@pytest.mark.usefixtures("stand_in")
def test_what_is_sent_to_a_cluster_can_be_sent(
    seer: Path, pictures: Path, server: VisionServer, tmp_path: Path
) -> None:
    here = captions(pictures, seer, "here")
    assert [record["caption"] for record in here[:N]] == [said_of(number) for number in range(N)]
    assert here[N]["error"] and here[N]["caption"] is None
    assert captions(pictures, seer, "ray") == here
    corpus = corpus_of(tmp_path / "c")
    left = []
    for on in ("here", "ray"):
        told = ["--model", seer, "--reader", "none", "--replace", "--batch-size", "4", "--no-page"]
        run("label", corpus, *told, "--out", tmp_path / on / "taught", "--on", on)
        left.append(files(tmp_path / on))
    assert left[0] == left[1] and "taught/labels.jsonl" in left[0]
    assert server.asked.total() == N


def test_what_was_made_here_does_not_travel(tmp_path: Path) -> None:
    template = create(config.configure("captioners", "template"))
    template.register_forward_hook(lambda *_: None)  # something that nobody can pickle
    corpus = corpus_of(tmp_path / "c")
    with pytest.raises(UsageError, match="cannot be sent"):
        evaluate(template, corpus, tmp_path / "out", reader=None, on="workers:2")
    assert with_made(lambda made, value: made + value, int, on="here", made=1)(2) == 3


def test_a_training_is_no_captioner(tmp_path: Path) -> None:
    path = tmp_path / "train.yaml"
    path.write_text("captioner: {name: reader_writer}\nstages: []\n")
    with pytest.raises(ConfigError, match="describes nothing before it has learnt"):
        open_described(path)
    path.write_text("captioner: {name: template, scene: мем}\n")
    assert open_described(path)[1] == "template"


def test_each_worker_takes_a_gpu_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert device.choose(None) == "cuda" and device.choose("cuda:1") == "cuda:1"
    monkeypatch.setattr(device, "parent_process", lambda: object())

    class Process:
        name = ""

    monkeypatch.setattr(device, "current_process", lambda: Process)
    chosen = []
    for number in range(1, 5):
        Process.name = f"SpawnProcess-{number}"
        chosen.append(device.choose(None))
    assert chosen == ["cuda:0", "cuda:1", "cuda:0", "cuda:1"]
    assert device.choose("cuda:1") == "cuda:1" and device.choose("cpu") == "cpu"


def test_attention_is_drawn_here(tmp_path: Path) -> None:
    Image.new("RGB", (9, 9)).save(tmp_path / "a.png")
    with pytest.raises(UsageError, match="drawn here"):
        run("caption", tmp_path / "a.png", "--attention", tmp_path / "maps", "--on", "workers:2")
