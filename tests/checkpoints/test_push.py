"""What `memecap push` sends, in calls that the real client would take, and what it refuses to send."""

from __future__ import annotations

import inspect
import json
import shutil
from pathlib import Path
from typing import Any

import httpx
import huggingface_hub
import pytest
import torch
from huggingface_hub import HfApi, errors
from tiny_models import TEXTS
from typer.testing import CliRunner

from memecap.captioners.base import Captioner, create
from memecap.checkpoints import checkpoint
from memecap.checkpoints.push import push
from memecap.cli import app, verbs  # noqa: F401  (each verb adds itself)
from memecap.core import config
from memecap.decoding.greedy import Greedy
from memecap.errors import AuthError, MissingFileError, ServiceError, UsageError
from memecap.modeling.batch import Images

GPT = {"n_layers": 1, "width": 16, "n_heads": 2, "vocab_size": 280, "max_positions": 160}
NAME = "someone/captions"


class Hub:
    """Takes what the client's methods take, and keeps the uploaded files."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.told: list[dict[str, Any]] = []
        self.fault: Exception | None = None
        real = {name: inspect.signature(getattr(HfApi, name)) for name in ("create_repo", "upload_folder")}
        download = inspect.signature(huggingface_hub.snapshot_download)

        def create_repo(api: HfApi, **arguments: Any) -> str:
            real["create_repo"].bind(api, **arguments)
            self.told.append(arguments)
            if self.fault:
                raise self.fault
            return f"https://huggingface.co/{arguments['repo_id']}"

        def upload_folder(api: HfApi, **arguments: Any) -> None:
            real["upload_folder"].bind(api, **arguments)
            self.told.append(arguments)
            shutil.copytree(arguments["folder_path"], self.folder / arguments["repo_id"], dirs_exist_ok=True)

        def snapshot_download(*arguments: Any, **more: Any) -> str:
            return str(self.folder / download.bind(*arguments, **more).arguments["repo_id"])

        monkeypatch.setattr(HfApi, "create_repo", create_repo)
        monkeypatch.setattr(HfApi, "upload_folder", upload_folder)
        monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot_download)
        monkeypatch.setenv("HF_TOKEN", "hf_test")


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hub:
    return Hub(tmp_path / "hub", monkeypatch)


def saved(models: Path, run: Path, **changes: Any) -> Captioner:
    torch.manual_seed(0)
    encoder = {"name": "ruclip", "model": str(models / "ruclip")}
    settings = {"name": "clipcap", "encoder": encoder, "prefix_length": 2, "decoder": GPT, **changes}
    captioner = create(config.configure("captioners", settings), TEXTS).eval()
    checkpoint.save(captioner, run / "checkpoints" / "best")
    (run / "state.pt").write_text("of the run alone")
    return captioner


def say(captioner: Captioner) -> Any:
    torch.manual_seed(0)
    return captioner.generate(Images(features=torch.randn(2, 1, 24)), [None, None], Greedy(max_new_tokens=8))


def evaluated(folder: Path) -> Path:
    folder.mkdir()
    scores = {"chrf2": 41.5, "bleu4": 9.0}
    records = [
        {"system": name, "kind": kind, "n": 7, "scores": scores, "signature": "ru-words|memecap"}
        for name, kind in (("clipcap", "captioner"), ("constant", "floor"))
    ]
    (folder / "scores.json").write_text(json.dumps(records))
    (folder / "evaluation.json").write_text(json.dumps({"split": "val", "decoding": {"name": "beam"}}))
    return folder


def test_what_is_pushed_loads_by_its_id(tiny_models: Path, tmp_path: Path, hub: Hub) -> None:
    captioner = saved(tiny_models, tmp_path / "run")
    scores = evaluated(tmp_path / "val")
    arguments = ["push", str(tmp_path / "run"), NAME, "--scores", str(scores), "--private", "--self-contained"]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    assert done.stdout.strip() == f"https://huggingface.co/{NAME}"
    assert hub.told[0] == {"repo_id": NAME, "private": True, "exist_ok": True}
    files = {str(path.relative_to(hub.folder / NAME)) for path in (hub.folder / NAME).rglob("*") if path.is_file()}
    assert {"config.yaml", "model.safetensors", "checkpoint.json", "tokenizer.json", "README.md"} <= files
    assert "encoder/pytorch_model.bin" in files and "state.pt" not in files
    text = (hub.folder / NAME / "README.md").read_text(encoding="utf-8")
    for part in (f"--model {NAME}", "41.5", "(floor)", "ru-words", "prefix_length: 2", "encoder: a copy"):
        assert part in text, part
    assert str(tiny_models) not in (hub.folder / NAME / "config.yaml").read_text(encoding="utf-8")
    assert say(checkpoint.load(NAME)) == say(captioner)


def test_models_of_this_machine_are_not_left_behind(tiny_models: Path, tmp_path: Path, hub: Hub) -> None:
    saved(tiny_models, tmp_path / "run")
    with pytest.raises(UsageError, match="lie on this machine"):
        push(tmp_path / "run", NAME)
    assert not hub.told


def test_what_cannot_be_pushed_is_said(
    tiny_models: Path, tmp_path: Path, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved(tiny_models, tmp_path / "run", encoder=None)
    with pytest.raises(MissingFileError):
        push(tmp_path / "absent", NAME)
    with pytest.raises(MissingFileError, match=r"scores\.json"):
        push(tmp_path / "run", NAME, scores=tmp_path)
    with pytest.raises(UsageError, match="not a repository"):
        push(tmp_path / "run", "no-owner")
    request = httpx.Request("POST", "https://huggingface.co")
    for fault, expected, told in (
        (errors.HfHubHTTPError("no", response=httpx.Response(403, request=request)), AuthError, "HTTP 403"),
        (errors.HfHubHTTPError("no", response=httpx.Response(502, request=request)), ServiceError, "cannot upload"),
        (errors.OfflineModeIsEnabled("offline"), ServiceError, "OfflineModeIsEnabled"),
    ):
        hub.fault = fault
        with pytest.raises(expected, match=told):
            push(tmp_path / "run", NAME)
    monkeypatch.delenv("HF_TOKEN")
    monkeypatch.setattr(huggingface_hub, "get_token", lambda: None)
    with pytest.raises(AuthError, match="no token"):
        push(tmp_path / "run", NAME)
