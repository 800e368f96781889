"""Files that are cut short, emptied, replaced or flipped: one clear error each, never a traceback, never silence."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_models import TEXTS

from memecap.captioners.base import create
from memecap.checkpoints import checkpoint
from memecap.core import config
from memecap.errors import DataError, MemecapError
from memecap.training.folder import RunFolder

GPT = {"n_layers": 1, "width": 16, "n_heads": 2, "vocab_size": 280, "max_positions": 160}
#: a captioner of each kind, and each kind of file that a checkpoint may hold
CASES: dict[str, dict[str, Any]] = {
    "clipcap": {"name": "clipcap", "encoder": "ruclip", "prefix_length": 2, "decoder": GPT},
    "clipcap-lora": {"name": "clipcap", "encoder": "clip", "prefix_length": 2,
                     "decoder": {"model": "{models}/gpt2", "train": "lora", "lora": {"rank": 2}}},
    "clipcap-full": {"name": "clipcap", "encoder": "vit", "prefix_length": 2,
                     "decoder": {"model": "{models}/gpt2", "train": "full"}},
    "clipcap-retrieval": {"name": "clipcap", "encoder": "ruclip", "prefix_length": 2, "decoder": GPT,
                          "max_caption_tokens": 32,
                          "retrieval": {"corpora": ["{models}/corpus"], "n_captions": 2, "max_tokens": 48}},
    "lstm": {"name": "lstm", "encoder": "resnet", "width": 24, "embeddings": {"width": 16}, "min_count": 1},
    "attention_lstm": {"name": "attention_lstm", "encoder": "ruclip", "width": 24, "attention_width": 8,
                       "embeddings": {"width": 16}, "min_count": 1},
    "vit_gpt": {"name": "vit_gpt", "encoder": "vit", "decoder": {"model": "{models}/gpt2"}, "max_caption_tokens": 32},
    "reader_writer": {"name": "reader_writer", "n_layers": 1, "width": 16, "n_heads": 2, "vocab_size": 512},
}  # fmt: skip


@pytest.fixture(scope="module", params=CASES)
def whole(request: pytest.FixtureRequest, tiny_models: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint that carries all that it needs."""
    settings = json.loads(json.dumps(CASES[request.param]).replace("{models}", str(tiny_models)))
    if encoder := settings.get("encoder"):
        settings["encoder"] = {"name": encoder, "model": str(tiny_models / encoder)}
    folder = tmp_path_factory.mktemp("whole") / "saved"
    checkpoint.save(create(config.configure("captioners", settings), TEXTS), folder, self_contained=True)
    return folder


def damages(content: bytes) -> Iterator[tuple[str, bytes]]:
    yield "half of it", content[: len(content) // 2]
    yield "nothing", b""
    yield "noise", bytes(range(256)) * 3
    yield "other JSON", b"[3]\n"


def flipped(content: bytes, place: int) -> bytes:
    return content[:place] + bytes([content[place] ^ 4]) + content[place + 1 :]


def files(folder: Path) -> list[Path]:
    unread = ("README.md", "SHA256SUMS")  # for people, and for `memecap verify`
    return [path for path in sorted(folder.rglob("*")) if path.is_file() and path.name not in unread]


def refused(path: Path, folder: Path, content: bytes, how: str) -> str:
    """The message of the refusal of a checkpoint in which a file has another content."""
    before = path.read_bytes()
    path.write_bytes(content)
    try:
        with pytest.raises(MemecapError) as caught:
            checkpoint.load(folder)
            pytest.fail(f"{path.name} with {how} was loaded")
    finally:
        path.write_bytes(before)
    assert caught.value.where and caught.value.fix
    return str(caught.value)


def test_each_file_of_a_checkpoint(whole: Path) -> None:
    checkpoint.load(whole)
    for path in files(whole):
        content = path.read_bytes()
        for how, damaged in damages(content):
            refused(path, whole, damaged, how)
        if path.name in ("config.yaml", "checkpoint.json"):
            continue
        # the end of a copied pickle is the zip's own comment; its weights are compared tensor by tensor
        for place in (0, len(content) // 2) if path.suffix == ".bin" else (0, len(content) // 2, len(content) - 2):
            refused(path, whole, flipped(content, place), f"a flipped bit at {place}")
        if path.parent == whole:
            assert path.name in refused(path, whole, flipped(content, len(content) // 2), "a flipped bit")


def test_each_file_of_an_older_checkpoint_that_has_no_checksums(
    whole: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "older"
    shutil.copytree(whole, folder)
    record = json.loads((folder / "checkpoint.json").read_text())
    (folder / "checkpoint.json").write_text(json.dumps({k: record[k] for k in ("memecap", "references", "tied")}))
    checkpoint.load(folder)
    assert "not checked" in capsys.readouterr().err
    unread = ("bpe.model", "generation_config.json", "special_tokens_map.json")  # by loading alone
    for path in files(folder):
        for how, damaged in damages(path.read_bytes()) if path.name not in unread else ():
            is_copied = path.parent.name in ("encoder", "decoder") and path.name.startswith("tokenizer")
            may_lack = path.name == "tokenizer_config.json" and how == "other JSON"  # the usual end tokens are tried
            if not is_copied and not may_lack and path.name != "config.yaml":
                refused(path, folder, damaged, how)


def test_a_changed_setting_is_said_and_a_lost_one_refused(
    tiny_models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    captioner = create(config.configure("captioners", CASES["reader_writer"]), TEXTS)
    checkpoint.save(captioner, tmp_path / "saved")
    path = tmp_path / "saved" / "config.yaml"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join("slots: false\n" if line.startswith("slots:") else line for line in lines))
    assert checkpoint.load(tmp_path / "saved").config.slots is False
    assert "changed since" in capsys.readouterr().err
    path.write_text("".join(line for line in lines if not line.startswith("slots:")))
    with pytest.raises(DataError, match="slots"):
        checkpoint.load(tmp_path / "saved")


def test_a_newer_checkpoint_is_refused(tmp_path: Path) -> None:
    checkpoint.save(create(config.configure("captioners", CASES["reader_writer"]), TEXTS), tmp_path / "saved")
    path = tmp_path / "saved" / "checkpoint.json"
    path.write_text(json.dumps({"format": 99, "whatever": "comes then"}))
    with pytest.raises(DataError, match="format 99"):
        checkpoint.load(tmp_path / "saved")


def test_models_that_a_checkpoint_refers_to(tiny_models: Path, tmp_path: Path) -> None:
    """Their files are other people's: what loading reads of them is refused when it is broken."""
    models = tmp_path / "models"
    for name in ("clip", "ruclip", "vit", "resnet", "mobilenet", "siglip", "gpt2", "rugpt3"):
        shutil.copytree(tiny_models / name, models / name)
    unread = ("bpe.model", "generation_config.json")
    for path in files(models):
        kind = path.parent.name
        if path.name in unread or (kind in ("clip", "siglip") and "token" in path.name):
            continue
        is_decoder = "gpt" in kind
        encoder = {"name": "clip" if kind == "siglip" else kind, "model": str(path.parent)}
        settings = {"decoder": {"model": str(path.parent)}} if is_decoder else {"encoder": encoder, "decoder": GPT}
        part = config.configure("captioners", {"name": "clipcap", "prefix_length": 2, **settings})
        content = path.read_bytes()
        for how, damaged in damages(content):
            if path.name == "tokenizer_config.json" and how == "other JSON":
                continue
            path.write_bytes(damaged)
            with pytest.raises(MemecapError):
                create(part, TEXTS)
                pytest.fail(f"{kind}/{path.name} with {how} was loaded")
        path.write_bytes(content)


STATE = {"progress": {"step": 3}, "weights": {"a": torch.arange(9.0)}, "optimizer": {}, "random": [1], "corpora": {},
         "n_threads": 1}  # fmt: skip


def test_every_bit_of_a_saved_state_matters_or_changes_nothing(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.save_state(STATE)
    path = tmp_path / "state.pt"
    content = path.read_bytes()
    with zipfile.ZipFile(path) as records:
        weights = records.read(next(name for name in records.namelist() if name.endswith("data/0")))
    n_refused = 0
    for place in range(0, len(content), 5):
        path.write_bytes(flipped(content, place))
        try:
            state = folder.load_state()
        except DataError as error:
            assert error.where == str(path)
            n_refused += 1
            continue
        assert state is not None
        assert torch.equal(state["weights"]["a"], STATE["weights"]["a"]), place
        assert {key: state[key] for key in ("progress", "corpora", "random")} == {
            key: STATE[key] for key in ("progress", "corpora", "random")
        }
    start = content.index(weights)
    path.write_bytes(flipped(content, start + 5))
    with pytest.raises(DataError, match="checksum"):
        folder.load_state()
    assert n_refused > len(content) // 20


def test_other_states_are_refused(tmp_path: Path) -> None:
    folder, path = RunFolder(tmp_path), tmp_path / "state.pt"
    assert folder.load_state() is None
    folder.save_state(STATE)
    for _, damaged in damages(path.read_bytes()):
        path.write_bytes(damaged)
        with pytest.raises(DataError, match="begin anew"):
            folder.load_state()
    torch.save(STATE, path)  # of an older memecap
    assert folder.load_state() is not None
    torch.save({**STATE, "format": 99}, path)
    with pytest.raises(DataError, match="format 99"):
        folder.load_state()
    torch.save([1], path)
    with pytest.raises(DataError, match="not the state"):
        folder.load_state()
