"""Rows of docs/features.md about corpora, scores and checkpoints, each on the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import typer
from PIL import Image
from tiny_models import TEXTS, shaken
from typer.testing import CliRunner

from memecap.captioners.base import create
from memecap.checkpoints import checkpoint
from memecap.cli import app, settings, verbs  # noqa: F401  (each verb adds itself)
from memecap.core import config, manifest, storage
from memecap.core.manifest import Row

GOOD = [f"кот {word} на диване" for word in ("спит", "лежит", "сидит", "скучает", "играет", "ест")]


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Six rows to learn from and six to measure, a picture of one colour each."""
    folder, rows = tmp_path / "corpora" / "small", []
    for split, first in (("train", 0), ("val", 6)):
        (folder / split / "images").mkdir(parents=True)
        for i, caption in enumerate(GOOD, first):
            path = folder / split / "images" / f"{i}.png"
            Image.new("RGB", (12, 10), (i * 20, 90, 200 - i)).save(path)
            rows.append(
                Row(captions=(caption,), image_id=storage.sha256_file(path), group_id=f"{i}", corpus="small",
                    split=split, file_name=f"images/{i}.png")
            )  # fmt: skip
    manifest.finish(folder, "small", manifest.write_rows(folder, rows))
    return folder


@pytest.fixture
def tiny(tiny_models: Path, tmp_path: Path) -> Path:
    """A checkpoint that needs the folder of its encoder."""
    torch.manual_seed(0)
    encoder = {"name": "ruclip", "model": str(tiny_models / "ruclip")}
    written = {"name": "lstm", "min_count": 1, "width": 16, "embeddings": {"width": 8}, "encoder": encoder}
    checkpoint.save(shaken(create(config.configure("captioners", written), TEXTS).eval()), tmp_path / "tiny")
    return tmp_path / "tiny"


def run(*arguments: object) -> Any:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def answer(*arguments: object) -> Any:
    found = run(*arguments, "--json")
    assert found.exit_code == 0, (found.output, found.exception)
    return json.loads(found.stdout)


def snapshot(folder: Path) -> dict[str, float]:
    return {str(path): path.stat().st_mtime_ns for path in folder.rglob("*")}


def leaves() -> dict[str, Callable[..., Any]]:
    group = typer.main.get_command(app)
    return {" ".join(path): one for path, one in settings.verbs(group) if not hasattr(one, "commands")}


def test_row_dry_run_everywhere(corpus: Path, tiny: Path, tmp_path: Path) -> None:
    """Every verb that writes has it, and those that are tried write nothing."""
    writers = {
        "adopt", "caption", "demo", "download", "evaluate", "features", "judge", "label", "push", "read", "scrape",
        "serve", "train", "translate", "config init", "corpus build", "corpus export", "corpus index", "corpus look",
        "memory build", "memory add", "memory join", "memory find", "memory look", "models fetch",
    }  # fmt: skip
    readers = {"bench", "compare", "completion", "doctor", "parts", "score", "config show", "corpus check", "verify"}
    verbs_ = leaves()
    assert writers | readers == verbs_.keys()
    assert all("dry_run" in settings.options(verbs_[name]) for name in writers)
    before, out = snapshot(tmp_path), tmp_path / "out"
    for command, n in (
        (["label", corpus, "--model", "template", "--out", out], 12),
        (["read", corpus, "--reader", "tests.web.known_reader"], 12),
        (["corpus", "export", corpus, "--to", "jsonl", "--out", out, "--limit", 2], 4),
        (["corpus", "look", corpus, "--out", out], None),
        (["corpus", "build", "pictures", corpus / "train" / "images", "--out", out], 6),
        (["evaluate", "template", corpus, "--out", out, "--limit", 4], 4),
        (["memory", "build", corpus, "--out", out, "--split", "train"], 6),
        (["demo", "--out", out], 1500),
        (["models", "fetch", "qwen3-vl-2b"], "any"),
        (["push", tiny, "someone/tiny", "--folder", out, "--self-contained"], None),
    ):
        told = answer(*command, "--dry-run")
        assert told["dry_run"] and (n == "any" or told["n"] == n), told
    assert snapshot(tmp_path) == before
    wrong = run("corpus", "export", corpus, "--to", "jsnl", "--dry-run")
    assert wrong.exception.exit_code == 2


def test_row_limit_everywhere(corpus: Path, tmp_path: Path) -> None:
    rowless = {"adopt", "completion", "config init", "config show", "corpus index", "demo", "doctor", "memory join",
               "models fetch", "parts", "push", "serve", "verify"}  # fmt: skip
    for name, command in leaves().items():
        flags = {flag for param in command.params for flag in param.opts}
        assert ("--limit" in flags) != (name in rowless), name
    opened = manifest.open_corpus(corpus).limited(2)
    assert opened.counts == {"train": 2, "val": 2} and [row.group_id for row in opened.rows("val")] == ["10", "11"]
    answer("corpus", "export", corpus, "--to", "jsonl", "--out", tmp_path / "few", "--limit", 2)
    assert len((tmp_path / "few" / "val.jsonl").read_text().splitlines()) == 2
    checked = run("corpus", "check", corpus, "--limit", 3, "--json")  # whose captions stand in both splits
    assert json.loads(checked.stdout)["pictures"] == 6 and "belongs to no row" not in checked.stdout
    made = answer("corpus", "build", "pictures", corpus / "train" / "images", "--out", tmp_path / "b", "--limit", 3)
    assert sum(made["counts"].values()) == 3


def test_row_datasets_interop(corpus: Path, tmp_path: Path) -> None:
    files = answer("corpus", "export", corpus, "--to", "jsonl", "--out", tmp_path / "out")["files"]
    records = [json.loads(line) for file in files for line in Path(file).read_text(encoding="utf-8").splitlines()]
    assert sorted(record["captions"][0] for record in records) == sorted(GOOD * 2)
    assert all((tmp_path / "out" / record["file_name"]).is_file() for record in records)
    datasets = pytest.importorskip("datasets")
    loaded = datasets.load_dataset("json", data_files=files[0], split="train", cache_dir=str(tmp_path / "cache"))
    assert loaded.num_rows == 6


def _predictions(tmp_path: Path) -> tuple[Path, Path]:
    first, second = tmp_path / "first.jsonl", tmp_path / "second.jsonl"
    for path, captions in ((first, GOOD), (second, ["кот"] * 6)):
        rows = [{"image_id": f"{i}", "caption": said, "references": [GOOD[i]]} for i, said in enumerate(captions)]
        storage.write_jsonl(path, rows)
    return first, second


def test_row_signatures(tmp_path: Path) -> None:
    first, _ = _predictions(tmp_path)
    (record,) = answer("score", first, "--resamples", 100)
    assert record["signature"] or record["signatures"]
    limited = answer("score", first, "--resamples", 100, "--limit", 2)[0]
    assert limited["n"] == 2


def test_row_intervals_and_p_values(tmp_path: Path) -> None:
    first, second = _predictions(tmp_path)
    told = json.dumps(answer("score", "--compare", first, second, "--resamples", 200))
    assert "interval" in told or '"low"' in told
    assert '"p' in told


def test_row_per_sample_log(corpus: Path, tmp_path: Path) -> None:
    """Evaluated from a YAML: the model, the corpus and the folder stand in it."""
    out = tmp_path / "evaluated"
    told = f"model: template\ncorpus: {corpus}\nout: {out}\nreader: none\nresamples: 100\nreport: false\n"
    (tmp_path / "e.yaml").write_text(told)
    found = run("evaluate", "-c", tmp_path / "e.yaml", "--json")
    assert found.exit_code == 0, (found.output, found.exception)
    rows = list(storage.read_jsonl(out / "captions.jsonl"))
    assert len(rows) == 6 and {"image_id", "caption", "references"} <= rows[0].keys()


def test_row_browsing(corpus: Path) -> None:
    page = Path(answer("corpus", "look", corpus, "--samples", 2, "--limit", 3)["page"])
    text = page.read_text(encoding="utf-8")
    assert page.name == "look.html" and "data:image/jpeg" in text and "<script" not in text


def test_row_card_and_push(tiny: Path, tmp_path: Path) -> None:
    refused = run("push", tiny, "someone/tiny", "--folder", tmp_path / "shared")
    assert refused.exception.exit_code == 2 and "self-contained" in refused.exception.fix
    shared = tmp_path / "shared"
    told = answer("push", tiny, "someone/tiny", "--folder", shared, "--self-contained")
    assert told["address"] == str(shared)
    assert "memecap caption picture.jpg --model someone/tiny" in (shared / "README.md").read_text(encoding="utf-8")
    assert checkpoint.load(shared).config.name == "lstm"
    again = run("push", tiny, "someone/tiny", "--folder", shared, "--self-contained")
    assert again.exception.exit_code == 2 and "not empty" in str(again.exception)
