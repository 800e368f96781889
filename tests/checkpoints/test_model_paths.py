"""A checkpoint captions the same from any working directory and after its folder was copied; it runs no code."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from accelerate import Accelerator
from PIL import Image
from tiny_models import TEXTS
from typer.testing import CliRunner

from memecap import load_captioner
from memecap.captioners.base import Captioner, create
from memecap.checkpoints import checkpoint
from memecap.checkpoints.push import push
from memecap.cli import app, verbs  # noqa: F401  (each verb adds itself)
from memecap.core import config, manifest
from memecap.decoding.greedy import Greedy
from memecap.encoders import base
from memecap.errors import ConfigError, DataError, MissingFileError, UsageError
from memecap.modeling.batch import Images
from memecap.training.config import StageConfig, TrainConfig
from memecap.training.image_inputs import open_image_inputs
from memecap.training.initialize import initialize

GPT = {"n_layers": 1, "width": 16, "n_heads": 2, "vocab_size": 280, "max_positions": 160}
CLIPCAP = {"name": "clipcap", "prefix_length": 2, "decoder": {"model": "models/gpt2"}}
TUNED = {"name": "lstm", "width": 24, "embeddings": {"width": 16}, "min_count": 1, "train_encoder": True}


def say(captioner: Captioner) -> Any:
    picture = Image.new("RGB", (40, 40), "red")
    assert captioner.encoder is not None
    images = Images(pixels=torch.stack([captioner.encoder.transform(picture)]))
    return captioner.generate(images, [None], Greedy(max_new_tokens=8))


@pytest.fixture
def project(tiny_models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with `models`, in which the tests stand."""
    for name in ("ruclip", "gpt2"):
        shutil.copytree(tiny_models / name, tmp_path / "project" / "models" / name)
    monkeypatch.chdir(tmp_path / "project")
    return tmp_path / "project"


def save(settings: dict[str, Any], encoder: str = "models/ruclip", **more: Any) -> Any:
    """A checkpoint in output/run of the working directory; returns what it says."""
    torch.manual_seed(0)
    part = config.configure("captioners", {**settings, "encoder": {"name": "ruclip", "model": encoder}})
    captioner = create(part, TEXTS).eval()
    checkpoint.save(captioner, Path("output/run/checkpoints/best"), **more)
    return say(captioner)


@pytest.mark.parametrize("settings", [CLIPCAP, TUNED], ids=["frozen", "tuned"])
@pytest.mark.parametrize("encoder", ["models/ruclip", "./models/ruclip", "absolute"])
def test_it_works_from_anywhere(
    settings: dict[str, Any], encoder: str, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = save(settings, str(project / "models" / "ruclip") if encoder == "absolute" else encoder)
    monkeypatch.chdir(tmp_path)
    assert say(checkpoint.load("project/output/run")) == said
    shutil.copytree(project / "output" / "run", tmp_path / "alone")
    assert say(checkpoint.load(tmp_path / "alone")) == said
    project.rename(tmp_path / "elsewhere")
    assert say(checkpoint.load(tmp_path / "elsewhere" / "output" / "run")) == said
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere" / "output")
    assert say(checkpoint.load(tmp_path / "link" / "run")) == said
    with pytest.raises(MissingFileError) as caught:
        checkpoint.load(tmp_path / "alone")
    assert str(project / "models") in str(caught.value)
    assert str(tmp_path / "alone") in str(caught.value)
    assert "--self-contained" in str(caught.value)


def test_an_older_checkpoint_finds_its_models_above_itself(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Paths used to be kept as they were written."""
    said = save(CLIPCAP)
    folder = project / "output" / "run" / "checkpoints" / "best"
    record = json.loads((folder / "checkpoint.json").read_text())
    (folder / "checkpoint.json").write_text(json.dumps({k: record[k] for k in ("memecap", "references", "tied")}))
    text = (folder / "config.yaml").read_text()
    (folder / "config.yaml").write_text(text.replace("../../../../models/", "models/"))
    assert say(checkpoint.load("output/run")) == said
    monkeypatch.chdir(tmp_path)
    assert say(checkpoint.load(project / "output" / "run")) == said
    with pytest.raises(UsageError, match="lie on this machine"):
        push(project / "output" / "run", "someone/captions")


@pytest.mark.parametrize("settings", [CLIPCAP, TUNED], ids=["frozen", "tuned"])
def test_what_is_pushed_works_alone(
    settings: dict[str, Any], project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = save(settings)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="--self-contained"):
        push(project / "output" / "run", "someone/captions")

    def upload(folder: Path, repository: str, **_: Any) -> str:
        shutil.copytree(folder, tmp_path / "pushed")
        return repository

    monkeypatch.setattr("memecap.core.hub.upload", upload)
    push(project / "output" / "run", "someone/captions", self_contained=True)
    shutil.rmtree(project)
    assert say(checkpoint.load(tmp_path / "pushed")) == said
    for path in ("config.yaml", "checkpoint.json", "README.md"):
        assert str(tmp_path) not in (tmp_path / "pushed" / path).read_text(encoding="utf-8")


def test_a_checkpoint_with_its_own_models_can_be_saved_over_itself(project: Path) -> None:
    said = save(CLIPCAP, self_contained=True)
    shutil.rmtree(project / "models")
    checkpoint.save(checkpoint.load("output/run"), Path("output/run/checkpoints/best"))
    assert say(checkpoint.load("output/run")) == said


@pytest.fixture
def hashes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The number of tensors of each hashing that is done."""
    done: list[int] = []
    plain = base.state_hash

    def counted(state: Any) -> str:
        done.append(len(state))
        return plain(state)

    monkeypatch.setattr(base, "state_hash", counted)
    return done


def test_a_frozen_model_is_hashed_once(project: Path, hashes: list[int]) -> None:
    save(CLIPCAP)
    assert len(hashes) == 2  # the encoder and the decoder
    captioner = checkpoint.load("output/run")
    assert len(hashes) == 4
    checkpoint.load("output/run")  # from the same files
    for _ in range(3):
        checkpoint.save(captioner, Path("output/again"))
        checkpoint.restore(captioner, Path("output/again"))
    assert len(hashes) == 4
    assert captioner.encoder is not None
    first = captioner.encoder.fingerprint
    assert captioner.encoder.fingerprint == first
    assert len(hashes) == 4
    with torch.no_grad():
        next(captioner.encoder.parameters()).add_(1.0)
    assert captioner.encoder.fingerprint != first  # what changed is noticed
    assert len(hashes) == 5
    captioner.encoder.load_state_dict({n: t.clone() for n, t in captioner.encoder.state_dict().items()})
    assert captioner.encoder.fingerprint != first


def test_a_model_that_was_replaced_on_the_disk_is_noticed(project: Path) -> None:
    save(CLIPCAP)
    checkpoint.load("output/run")
    path = project / "models" / "ruclip" / "pytorch_model.bin"
    state = torch.load(path, weights_only=True)
    state["visual.conv1.weight"] += 1
    torch.save(state, path)
    with pytest.raises(DataError, match="other weights"):
        checkpoint.load("output/run")


def test_the_stages_of_a_run_hash_their_encoder_once(project: Path, tiny_models: Path, hashes: list[int]) -> None:
    save({**CLIPCAP, "decoder": GPT})
    captioner = checkpoint.load("output/run")
    hashes.clear()
    corpora = []
    for name in ("one", "two"):
        shutil.copytree(tiny_models / "corpus", project / name, ignore=shutil.ignore_patterns("features"))
        corpora.append(manifest.open_corpus(project / name))
    for name in ("pretrain", "finetune"):
        stage = StageConfig(name=name, corpora=["one", "two"], epochs=1, lr=1e-3)
        assert open_image_inputs(captioner, corpora, stage, Accelerator(cpu=True)) is not None
    assert hashes == []  # known since it was loaded


@pytest.fixture
def foreign(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A module that can be imported and leaves a file when it is; its encoder is a real one."""
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "foreign_parts").mkdir()
    (tmp_path / "code" / "foreign_parts" / "__init__.py").write_text("")
    (tmp_path / "code" / "foreign_parts" / "eye.py").write_text(
        f"open({str(tmp_path / 'ran')!r}, 'w').close()\n"
        "from memecap.encoders.ruclip import RuCLIP\n\n\nclass Eye(RuCLIP):\n    pass\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path / "code"))
    yield tmp_path / "ran"
    for name in [name for name in sys.modules if name.startswith("foreign_parts")]:
        del sys.modules[name]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("name: ruclip", "name: foreign_parts.eye"),
        ("name: clipcap", "name: foreign_parts.eye"),
        ("name: clipcap", "name: .foreign_parts.eye"),
        ("name: ruclip\n  model: ../../../../models/ruclip\n  output: pooled", None),
    ],
)
def test_code_is_imported_only_on_demand(old: str, new: str | None, project: Path, foreign: Path) -> None:
    save({**CLIPCAP, "decoder": GPT})
    path = project / "output" / "run" / "checkpoints" / "best" / "config.yaml"
    text = path.read_text()
    short = text.replace(f"encoder:\n  {old}", "encoder: foreign_parts.eye")
    whole = short if new is None else text.replace(old, new, 1)
    assert whole != text
    path.write_text(whole)
    for load in (checkpoint.load, load_captioner):
        with pytest.raises(UsageError, match="foreign_parts") as caught:
            load("output/run")
        assert "--trust-code" in str(caught.value)
    done = CliRunner().invoke(app, ["caption", "x.jpg", "--model", "output/run", "--reader", "none"])
    assert isinstance(done.exception, UsageError) or done.exit_code == 2
    assert not foreign.exists()
    assert "foreign_parts" not in sys.modules


def test_code_that_is_trusted_works(project: Path, foreign: Path) -> None:
    torch.manual_seed(0)
    encoder = {"name": "foreign_parts.eye", "model": "models/ruclip"}  # one's own settings may name it
    captioner = create(config.configure("captioners", {**CLIPCAP, "decoder": GPT, "encoder": encoder}), TEXTS).eval()
    checkpoint.save(captioner, project / "saved")
    with pytest.raises(UsageError, match="trust_code=True"):
        checkpoint.load(project / "saved")
    assert say(checkpoint.load(project / "saved", trust_code=True)) == say(captioner)
    assert say(checkpoint.load(project / "saved", trust_code={"foreign_parts.eye"})) == say(captioner)
    with pytest.raises(UsageError):
        checkpoint.load(project / "saved", trust_code={"foreign_parts.other"})


def test_a_run_may_start_from_a_checkpoint_whose_models_it_names_otherwise(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save({**CLIPCAP, "decoder": GPT})
    monkeypatch.chdir(tmp_path)
    encoder = {"name": "ruclip", "model": "project/output/../models/ruclip"}
    values = {
        "captioner": {**CLIPCAP, "decoder": GPT, "encoder": encoder},
        "start_from": "project/output/run",
        "stages": [{"name": "one", "corpora": ["x"], "epochs": 1, "lr": 1e-3}],
    }
    wanted = config.validate(TrainConfig, values, where="test")
    assert say(initialize(wanted, []).eval()) == say(checkpoint.load("project/output/run"))
    values["captioner"] = {**CLIPCAP, "decoder": GPT, "encoder": {**encoder, "model": "project/models/gpt2"}}
    with pytest.raises(ConfigError, match=r"encoder\.model"):
        initialize(config.validate(TrainConfig, values, where="test"), [])
