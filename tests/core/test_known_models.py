"""The list of models says what is known and no more; a model comes from the Hub's cache without the network."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from memecap.cli import app, verbs  # noqa: F401  (each verb adds itself)
from memecap.core import config, known_models
from memecap.errors import UsageError

ROOT = Path(__file__).parents[2]


def run(*words: str) -> str:
    done = CliRunner().invoke(app, list(words), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_the_list_is_honest() -> None:
    records = json.loads(run("models", "--json"))
    assert len({record["name"] for record in records}) == len(records) == len(known_models.KNOWN)
    for record in records:
        assert record["licence"] and record["id"].count("/") == 1 and record["measured"]
        assert record["revision"] == "main" or re.fullmatch(r"[0-9a-f]{40}", record["revision"])
        assert not record["used_by"] or (ROOT / record["used_by"]).exists()
        if record["millions"] is not None:
            assert 0 < record["gigabytes"] <= 4 * record["millions"] / 1000 and record["memory"] > 0
    text = run("models")
    assert all(record["id"] in text for record in records) and "not measured" in text and "recalled" in text


def put(cache: Path, repository: str, *files: str) -> None:
    home = cache / f"models--{repository.replace('/', '--')}"
    for name in files:
        path = home / "snapshots" / ("0" * 40) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{}")
    (home / "refs").mkdir()
    (home / "refs" / "main").write_text("0" * 40)


def test_a_model_is_fetched_with_all_that_it_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    put(tmp_path, "Qwen/Qwen3-VL-2B-Instruct", "config.json", "chat_template.jinja")
    put(tmp_path, "ai-forever/RUDOLPH-350M", "pytorch_model.bin")
    put(tmp_path, "sberbank-ai/rudalle-utils", "vqgan.gumbelf8-sber.model.ckpt")
    put(tmp_path, "shonenkov/rudalle-utils", "bpe.model")
    for name in ("qwen3-vl-2b", "Qwen/Qwen3-VL-2B-Instruct"):
        assert (Path(run("models", "fetch", name).strip()) / "chat_template.jinja").exists()
    record = json.loads(run("models", "fetch", "rudolph-350m", "--json"))
    assert (Path(record["folder"]) / "pytorch_model.bin").exists()
    assert [Path(path).name for path in record["beside"]] == ["vqgan.gumbelf8-sber.model.ckpt", "bpe.model"]
    assert all(Path(path).exists() for path in record["beside"])


def test_an_unknown_name_answers_with_those_there_are() -> None:
    with pytest.raises(UsageError, match="did you mean 'qwen3-vl-2b"):
        known_models.find("qwen3-vl-2")
    assert known_models.find("someone/some-model").licence == "read its card"


@pytest.mark.parametrize("path", sorted((ROOT / "configs" / "serve").glob("*.yaml")), ids=lambda path: path.stem)
def test_each_yaml_of_a_server_describes_a_captioner(
    path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from memecap.inference.described import open_described

    monkeypatch.setenv("MEMECAP_CACHE", str(tmp_path))
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-tests")
    captioner, name = open_described(path)
    settings = config.read_yaml(path)["captioner"]
    assert name == f"openai {settings['model']}" and captioner.config.name == "openai"
    head = path.read_text(encoding="utf-8").split("captioner:")[0]
    assert f"--model configs/serve/{path.name}" in head or f"memecap evaluate configs/serve/{path.name}" in head
    assert "docs/scale.md" in head
