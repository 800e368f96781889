import json
import shutil
from pathlib import Path

import pytest
import torch
from tiny_models import TEXTS, write_ruclip

from memecap.captioners.base import Captioner, create
from memecap.checkpoints import checkpoint
from memecap.core import config
from memecap.decoding.greedy import Greedy
from memecap.errors import DataError, MissingFileError
from memecap.modeling.batch import Images

GPT = {"n_layers": 1, "width": 16, "n_heads": 2, "vocab_size": 280, "max_positions": 160}


def made(models: Path, **changes) -> Captioner:
    settings = {"name": "clipcap", "encoder": {"name": "ruclip", "model": str(models / "ruclip")}, "prefix_length": 2}
    return create(config.configure("captioners", {**settings, "decoder": GPT, **changes}), TEXTS).eval()


def caption(captioner: Captioner) -> list:
    torch.manual_seed(0)
    return captioner.generate(Images(features=torch.randn(2, 1, 24)), [None, None], Greedy(max_new_tokens=8))


def test_frozen_models_are_named_not_copied(tiny_models: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file

    checkpoint.save(made(tiny_models, decoder={"model": str(tiny_models / "gpt2")}), tmp_path / "saved")
    names = {name.split(".")[0] for name in load_file(tmp_path / "saved" / "model.safetensors")}
    assert names == {"mapper"}
    record = json.loads((tmp_path / "saved" / "checkpoint.json").read_text())
    assert set(record["references"]) == {"encoder", "decoder"}


def test_self_contained_checkpoint_needs_nothing_else(tiny_models: Path, tmp_path: Path) -> None:
    shutil.copytree(tiny_models, tmp_path / "models")
    captioner = made(tmp_path / "models", decoder={"model": str(tmp_path / "models" / "gpt2")})
    checkpoint.save(captioner, tmp_path / "saved", self_contained=True)
    shutil.rmtree(tmp_path / "models")
    (tmp_path / "saved").rename(tmp_path / "elsewhere")
    assert caption(checkpoint.load(tmp_path / "elsewhere")) == caption(captioner)


def test_fully_trained_decoder_needs_no_original(tiny_models: Path, tmp_path: Path) -> None:
    shutil.copytree(tiny_models / "gpt2", tmp_path / "gpt2")
    captioner = made(tiny_models, decoder={"model": str(tmp_path / "gpt2"), "train": "full"})
    checkpoint.save(captioner, tmp_path / "saved")
    shutil.rmtree(tmp_path / "gpt2")
    assert caption(checkpoint.load(tmp_path / "saved")) == caption(captioner)


def test_run_folder_stands_for_its_best(tiny_models: Path, tmp_path: Path) -> None:
    captioner = made(tiny_models)
    checkpoint.save(captioner, tmp_path / "run" / "checkpoints" / "best")
    assert caption(checkpoint.load(tmp_path / "run")) == caption(captioner)


def test_saving_replaces_and_leaves_nothing_beside(tiny_models: Path, tmp_path: Path) -> None:
    checkpoint.save(made(tiny_models), tmp_path / "saved", card="# first")
    checkpoint.save(made(tiny_models), tmp_path / "saved", card="# second")
    assert (tmp_path / "saved" / "README.md").read_text() == "# second"
    assert [path.name for path in tmp_path.iterdir()] == ["saved"]


def test_a_failed_save_keeps_the_old_one(tiny_models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoint.save(made(tiny_models), tmp_path / "saved", card="# first")

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("the lights went out")

    monkeypatch.setattr(checkpoint, "save_file", fail)
    with pytest.raises(RuntimeError):
        checkpoint.save(made(tiny_models), tmp_path / "saved", card="# second")
    assert (tmp_path / "saved" / "README.md").read_text() == "# first"
    assert [path.name for path in tmp_path.iterdir()] == ["saved"]


def test_changed_encoder_is_refused(tiny_models: Path, tmp_path: Path) -> None:
    shutil.copytree(tiny_models / "ruclip", tmp_path / "models" / "ruclip")
    checkpoint.save(made(tmp_path / "models"), tmp_path / "saved")
    write_ruclip(tmp_path / "models" / "ruclip")
    with pytest.raises(DataError, match="the encoder has other weights"):
        checkpoint.load(tmp_path / "saved")


def test_bad_folders(tiny_models: Path, tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match="no checkpoint there"):
        checkpoint.load(tmp_path)
    checkpoint.save(made(tiny_models), tmp_path / "saved")
    weights = tmp_path / "saved" / "model.safetensors"
    content = weights.read_bytes()
    weights.write_bytes(content[: len(content) // 2])
    with pytest.raises(DataError, match="broken file"):
        checkpoint.load(tmp_path / "saved")
    weights.unlink()
    with pytest.raises(MissingFileError):
        checkpoint.load(tmp_path / "saved")
    text = (tmp_path / "saved" / "config.yaml").read_text()
    weights.write_bytes(content)
    (tmp_path / "saved" / "config.yaml").write_text(text.replace("prefix_length: 2", "prefix_length: 3"))
    with pytest.raises(DataError, match="do not fit"):
        checkpoint.load(tmp_path / "saved")


def test_keys_of_before_are_read(tmp_path: Path) -> None:
    """A checkpoint whose config.yaml has a key that has another name today."""
    settings = {"name": "reader_writer", "n_layers": 1, "width": 16, "n_heads": 2, "vocab_size": 512}
    captioner = create(config.configure("captioners", {**settings, "min_similarity": 61.0}), TEXTS)
    checkpoint.save(captioner, tmp_path / "saved")
    for file in ("config.yaml", "checkpoint.json"):
        text = (tmp_path / "saved" / file).read_text(encoding="utf-8")
        assert "min_similarity" in text
        (tmp_path / "saved" / file).write_text(text.replace("min_similarity", "least_alike"), encoding="utf-8")
    assert checkpoint.load(tmp_path / "saved").config == captioner.config
