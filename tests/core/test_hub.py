"""A model's files: a folder is taken as it is, anything else is asked of the Hub."""

from __future__ import annotations

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
