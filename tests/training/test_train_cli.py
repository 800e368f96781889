"""`memecap train` and `memecap config show`: what they print, and how each mistake of a user ends."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from memecap.cli import main
from memecap.core import config
from memecap.training.config import TrainConfig

CONFIGS = Path(__file__).parents[2] / "configs"
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run memecap with arguments → exit code, stdout, stderr."""

    def call(*arguments: str | Path) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["memecap", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capsys.readouterr()
        return int(ended.value.code or 0), captured.out, captured.err

    return call


@pytest.fixture
def recipe(settings: Callable[..., TrainConfig], tmp_path: Path) -> Callable[..., Path]:
    """The toy run as a YAML; `change` edits its values first."""

    def write(change: Callable[[dict[str, Any]], None] = lambda values: None) -> Path:
        values = settings().model_dump(mode="json")
        change(values)
        path = tmp_path / "recipe.yaml"
        path.write_text(yaml.safe_dump(values), encoding="utf-8")
        return path

    return write


def test_train_prints_the_folder_and_then_the_manifest(run: Run, recipe: Callable[..., Path], tmp_path: Path) -> None:
    code, out, err = run("train", recipe(), "--out", tmp_path / "out")
    assert (code, out.strip()) == (0, str(tmp_path / "out"))
    assert "pretrain, epoch 1" in err
    code, out, err = run("train", recipe(), "--out", tmp_path / "out", "--json")
    assert code == 0
    assert json.loads(out)["steps"] == 20
    assert "finished" in err


def _misspell(values: dict[str, Any]) -> None:
    values["stages"][0]["batch_sise"] = values["stages"][0].pop("batch_size")


def _unknown_part(values: dict[str, Any]) -> None:
    values["captioner"] = {"name": "clipcat"}


def _absent_corpus(values: dict[str, Any]) -> None:
    values["stages"][1]["corpora"] = ["absent"]


def _wrong_value(values: dict[str, Any]) -> None:
    values["stages"][0] |= {"lr": -1, "schedule": "cosin", "steps": 3}


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        (_misspell, 2, ["unknown key `stages.0.batch_sise`", "did you mean `batch_size`?", "recipe.yaml"]),
        (_unknown_part, 2, ["no part named 'clipcat' in captioners", "did you mean 'clipcap'?"]),
        (_absent_corpus, 74, ["no such corpus", "absent", "memecap corpus build"]),
        (_wrong_value, 2, ["`stages.0.lr`", "greater than 0", "`stages.0.schedule`", "'cosine'"]),
    ],
)
def test_mistakes(
    run: Run, recipe: Callable[..., Path], tmp_path: Path, change: Any, code: int, said: list[str]
) -> None:
    ended, out, err = run("train", recipe(change), "--out", tmp_path / "out")
    assert (ended, out) == (code, "")
    for words in [*said, "fix:"]:
        assert words in err


def test_a_missing_file(run: Run, tmp_path: Path) -> None:
    code, _, err = run("train", tmp_path / "absent.yaml")
    assert code == 74
    assert "absent.yaml" in err


def test_config_show_tells_sources(run: Run, recipe: Callable[..., Path]) -> None:
    code, out, _ = run("config", "show", recipe(), "--set", "seed=7", "--json")
    assert code == 0
    rows = {row["key"]: (row["value"], row["source"]) for row in json.loads(out)}
    assert rows["seed"] == (7, "flag")
    assert rows["stages.0.batch_size"] == (8, "file")
    code, out, _ = run("config", "show", recipe())
    assert any(line.startswith("stages.1.lr ") and "0.01" in line for line in out.splitlines())


def test_config_show_of_something_else(run: Run, tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_text("colour: red\n")
    code, _, err = run("config", "show", tmp_path / "other.yaml")
    assert code == 2
    assert "neither a training run nor a corpus" in err


@pytest.mark.parametrize("path", sorted((CONFIGS / "train").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_recipe_loads_and_says_how_to_run_it(path: Path) -> None:
    loaded = config.load(TrainConfig, path)
    assert loaded == config.validate(TrainConfig, loaded.model_dump(), where=path)
    text = path.read_text(encoding="utf-8")
    assert text.startswith("# ")
    assert f"memecap train configs/train/{path.name}" in text


@pytest.mark.parametrize("path", sorted((CONFIGS / "corpora").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_corpus_recipe_loads(run: Run, path: Path) -> None:
    assert run("config", "show", path)[0] == 0
