"""A model's files: a folder is taken as it is, anything else is asked of the Hub."""

from __future__ import annotations

import json
import logging
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest

from memecap.core import hub
from memecap.errors import DataError, MissingFileError, ServiceError, UsageError


def test_a_folder_is_itself(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    assert hub.fetch(str(tmp_path)) == tmp_path
    assert hub.fetch(str(tmp_path), ["*.json"]) == tmp_path
    assert hub.fetch_model(str(tmp_path)) == tmp_path
    with pytest.raises(MissingFileError, match=r"bpe\.model"):
        hub.fetch(str(tmp_path), ["config.json", "bpe.model"])


def test_home_is_understood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "model").mkdir()
    assert hub.fetch("~/model") == tmp_path / "model"


@pytest.mark.parametrize("path", ["./absent", "/absent/model", "~/absent", "a/b/c"])
def test_a_path_is_not_asked_of_the_hub(path: str) -> None:
    with pytest.raises(MissingFileError, match="no such model folder"):
        hub.fetch(path)


def test_the_hub_out_of_reach_is_said() -> None:
    with pytest.raises(ServiceError, match="nobody/nothing-of-the-kind") as caught:
        hub.fetch("nobody/nothing-of-the-kind")
    assert caught.value.exit_code == 69
    assert "download the model elsewhere" in str(caught.value)


def test_a_model_is_pinned_by_its_name(tmp_path: Path) -> None:
    assert hub.split("owner/name@refs/pr/1") == ("owner/name", "refs/pr/1")
    assert hub.split("owner/name") == ("owner/name", None)
    (tmp_path / "a@b").mkdir()
    assert hub.split(str(tmp_path / "a@b")) == (str(tmp_path / "a@b"), None)
    assert not hub.is_path("owner/name@refs/pr/1")
    assert hub.pin("owner/name", "v2") == "owner/name@v2" and hub.pin(str(tmp_path), None) == str(tmp_path)
    for model in (str(tmp_path), "owner/name@v1", "template"):
        with pytest.raises(UsageError):
            hub.pin(model, "v2")


def test_the_pin_and_chat_templates_reach_the_hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked: dict[str, Any] = {}

    def download(repository: str, **arguments: Any) -> str:
        asked.update(arguments, repository=repository)
        return str(tmp_path)

    monkeypatch.setattr("huggingface_hub.snapshot_download", download)
    hub.fetch_model("owner/name@abc")
    assert asked["repository"] == "owner/name" and asked["revision"] == "abc"
    assert any(fnmatch("chat_template.jinja", pattern) for pattern in asked["allow_patterns"])
    assert any(fnmatch("processor_config.json", pattern) for pattern in asked["allow_patterns"])


def test_files_that_are_no_model(tmp_path: Path) -> None:
    from transformers import GPT2LMHeadModel

    with pytest.raises(DataError, match="cannot load the model"):
        hub.pretrained(GPT2LMHeadModel, tmp_path)


def test_code_that_comes_with_a_model_is_not_run(tmp_path: Path) -> None:
    """transformers would import what `auto_map` names."""
    from transformers import AutoModel

    mark = tmp_path / "it ran"
    (tmp_path / "theirs.py").write_text(f"import os\nos.mkdir({str(mark)!r})\n")
    own = {"AutoConfig": "theirs.Config", "AutoModel": "theirs.Model"}
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "theirs", "auto_map": own}))
    with pytest.raises(DataError):
        hub.pretrained(AutoModel, tmp_path)
    assert not mark.exists()


def test_the_token_of_the_hub_is_in_no_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """Whatever a server, or the library, repeats of it."""
    import huggingface_hub

    token = "hf_" + "SECRET" * 5
    monkeypatch.setenv("HF_TOKEN", token)
    caplog.set_level(logging.DEBUG)

    def refuse(*_: Any, **__: Any) -> None:
        raise OSError(f"401 for {token}, Authorization: Bearer {token}")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", refuse)
    monkeypatch.setattr(huggingface_hub.HfApi, "create_repo", refuse)
    with pytest.raises(ServiceError) as fetched:
        hub.fetch("someone/model")
    with pytest.raises(ServiceError) as pushed:
        hub.upload(tmp_path, "someone/model", message="m")
    out, err = capfd.readouterr()
    for text in (str(fetched.value), str(pushed.value), caplog.text, out, err):
        assert token not in text
