"""What a captioner costs: each model in a process of its own, readings made anew."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from typer.testing import CliRunner

from memecap.cli import app, verbs  # noqa: F401  (each verb adds itself)
from memecap.errors import DataError
from memecap.inference import benchmark


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "a.png"
    Image.new("RGB", (64, 64), "red").save(path)
    return path


def test_bench_says_what_a_model_costs(picture: Path) -> None:
    arguments = ["bench", "template", str(picture), "--device", "cpu", "--threads", "1"]
    result = CliRunner().invoke(app, [*arguments, "--json"])
    assert result.exit_code == 0
    (cost,) = map(json.loads, result.stdout.splitlines())
    assert cost["model"] == "template" and cost["n_pictures"] == 1
    assert cost["device"] == "cpu, 1 thread" and cost["decoding"] == "greedy"
    assert cost["read_s"] > cost["caption_s"] > 0  # tesseract has looked anew
    assert 50e6 < cost["memory_bytes"] < 4e9


def test_bench_takes_several_models(picture: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(benchmark, "parallel_map", partial(_here, benchmark.parallel_map))
    arguments = ["bench", "template", str(picture), "--reader", "none", "--beside", "template"]
    heading, *rows = CliRunner().invoke(app, arguments).stdout.splitlines()
    assert "memory" in heading and len(rows) == 2 and all(row.startswith("template") for row in rows)


def _here(parallel_map: Any, function: Any, values: Any, **_: Any) -> Any:
    """In this process: it costs no imports, which are most of a process's time."""
    return parallel_map(function, values, on="here")


def test_a_reading_is_never_taken_from_the_cache() -> None:
    from memecap.reading.tesseract import Tesseract

    assert benchmark._without_cache("tesseract").keep is False
    assert benchmark._without_cache(Tesseract.Config(languages="rus")).languages == "rus"
    assert benchmark._without_cache(None) is None


def test_pictures_that_do_not_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(benchmark, "parallel_map", partial(_here, benchmark.parallel_map))
    (tmp_path / "a.jpg").write_bytes(b"<html>")
    with pytest.raises(DataError, match="none of the pictures"):
        list(benchmark.benchmark(["template"], [tmp_path / "a.jpg"], reader=None))


def test_peak_memory_grows_with_what_is_held() -> None:
    before = benchmark.peak_memory()
    held = bytearray(before)  # as much again as was ever resident
    assert benchmark.peak_memory() >= before and len(held) == before


def test_a_picture_that_does_not_open_is_named(
    picture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(benchmark, "parallel_map", partial(_here, benchmark.parallel_map))
    (tmp_path / "b.jpg").write_bytes(b"<html>")
    (cost,) = benchmark.benchmark(["template"], [tmp_path / "b.jpg", picture], reader=None, device="cpu")
    assert cost.n_pictures == 1
    assert "b.jpg: not measured" in capsys.readouterr().err
