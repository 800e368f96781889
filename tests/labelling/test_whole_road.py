"""500 painted photographs without a word: a tiny teacher describes them, a student learns from that alone."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from memecap.cli import app, verbs  # noqa: F401  (each verb adds itself)
from memecap.core import manifest, storage
from memecap.demo import grammar
from memecap.demo.world import ASSETS, paint_photographs

N_TAUGHT, N_WILD, N_JUDGED = 260, 500, 120


def run(*words: Any) -> str:
    done = CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def recipe(path: Path, corpus: str, captioner: str, **changes: Any) -> Path:
    """A training of a tiny captioner behind the demo's ruCLIP."""
    encoder = {"name": "ruclip", "model": str(ASSETS / "ruclip")}
    sizes = {"width": 160, "embeddings": {"width": 80}, "dropout": 0.1, "min_count": 1}
    stage = {"name": "pretrain", "corpora": [corpus], "batch_size": 32, "lr": 3e-3, "readings": False, **changes}
    settings = {
        "captioner": {"name": captioner, "encoder": encoder, **sizes},
        "stages": [stage], "data_folder": str(path.parent),
        "decoding": {"name": "greedy", "max_new_tokens": 40}, "samples": 1, "val_captions": 0, "n_threads": 1,
    }  # fmt: skip
    path.write_text(json.dumps(settings))  # JSON is YAML
    return path


def told_in_russian(table: Path, names: range) -> str:
    """The Russian captions of the painted photographs of these numbers, a line each."""
    rng = random.Random("photographs")
    scenes = [grammar.scene(rng, "wall") for _ in range(names.stop)]
    rows = [f"{number:05}.jpg\t{russian}" for number in names for _, russian in grammar.captions(scenes[number])]
    return "\n".join(["image_id\tcaption", *rows]) + "\n"


@pytest.mark.slow
@pytest.mark.timeout(3600)  # a guard, not a measure
def test_a_student_of_a_teacher_stands_above_the_floors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEMECAP_CACHE", str(tmp_path / "cache"))
    n = N_TAUGHT + N_WILD + N_JUDGED
    images = paint_photographs(tmp_path / "painted", n).parent / "images"
    corpora = tmp_path / "corpora"
    known, judged = range(N_TAUGHT), range(N_TAUGHT + N_WILD, n)
    for name, numbers, val in (("known", known, 0.1), ("judged", judged, 0.7)):
        table = tmp_path / f"{name}.tsv"
        storage.write_text(table, told_in_russian(table, numbers))
        told = ["--set", f"images={images}", "--set", f"val={val}", "--set", "test=0", "--set", "similarity=1.0"]
        run("corpus", "build", "table", table, "--out", corpora / name, *told)
    wild = tmp_path / "wild"
    wild.mkdir()
    for number in range(N_TAUGHT, N_TAUGHT + N_WILD):
        storage.link(images / f"{number:05}.jpg", wild / f"{number:05}.jpg")
    run("corpus", "build", "pictures", wild, "--out", corpora / "wild", "--set", "val=0.1", "--set", "test=0")
    run("train", recipe(tmp_path / "teacher.yaml", "known", "lstm", epochs=12), "--out", tmp_path / "teacher")
    said = json.loads(
        run(
            "label", corpora / "wild", "--model", tmp_path / "teacher", "--reader", "none", "--batch-size", "50",
            "--out", corpora / "taught", "--json",
        )
    )  # fmt: skip
    assert said["labelled"] + sum(said["rejected"].values()) == N_WILD and said["labelled"] > 0.8 * N_WILD
    rows = [row for split in said["counts"] for row in manifest.open_corpus(corpora / "taught").rows(split)]
    assert {row.written_by for row in rows} == {"lstm teacher"} and all(len(row.captions) == 1 for row in rows)
    run("train", recipe(tmp_path / "student.yaml", "taught", "lstm", epochs=20), "--out", tmp_path / "student")
    shown = run(
        "evaluate", tmp_path / "student", corpora / "judged", "--split", "val", "--reader", "none",
        "--out", tmp_path / "val", "--json", "--no-report", "--resamples", "200",
    )  # fmt: skip
    records = {record["system"]: record for record in map(json.loads, shown.splitlines())}
    ours = records.pop("lstm")
    assert ours["n"] > 50 and len(records) >= 5
    print({name: round(record["scores"]["chrf2"], 1) for name, record in {"student": ours, **records}.items()})
    for name, record in records.items():
        assert ours["scores"]["chrf2"] > record["scores"]["chrf2"], name
