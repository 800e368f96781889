"""A captioner ↔ one folder: `config.yaml`, `model.safetensors`, the tokenizer, `checkpoint.json`, a card (README.md).

Frozen pretrained models are named with a hash of their weights, not copied; `self_contained` copies them. The folder is
written beside its place and moved there, so it is whole or absent. A run folder stands for its `checkpoints/best`.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from memecap import __version__, config, hub, registry, storage
from memecap.captioners.base import Captioner
from memecap.config import PartConfig
from memecap.encoders.base import state_hash
from memecap.errors import DataError, MissingFileError

CONFIG, WEIGHTS, RECORD, CARD = "config.yaml", "model.safetensors", "checkpoint.json", "README.md"


def save(captioner: Captioner, folder: Path, *, card: str = "", self_contained: bool = False) -> None:
    """Write a checkpoint, replacing the one that is there.

    Args:
        card: Markdown for the folder's README.md.
        self_contained: copy the frozen pretrained models too, so that the folder needs nothing else.

    Raises:
        StorageError: the folder cannot be written.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        making = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
        try:
            _write(captioner, making, card, self_contained)
            making.chmod(0o755)
            _replace(making, folder)
        finally:
            shutil.rmtree(making, ignore_errors=True)
    except (OSError, SafetensorError) as error:
        raise storage.unwritable(error, folder) from error


def load(model: str | Path) -> Captioner:
    """The captioner of a checkpoint folder, a run folder or a Hub id, in evaluation mode.

    Raises:
        MissingFileError: there is no checkpoint.
        DataError: its weights do not fit, or a model that it refers to has other weights than it was trained with.
        ServiceError: the Hub cannot be reached.
    """
    folder = find(model)
    settings = _resolve(config.read_yaml(folder / CONFIG), folder)
    part = config.configure("captioners", config.validate(_Checkpoint, {"captioner": settings}, where=folder).captioner)
    captioner: Captioner = registry.load("captioners", part.name).from_folder(part, folder)
    _check_references(captioner, storage.read_json(folder / RECORD), folder)
    _load_weights(captioner, folder / WEIGHTS)
    return captioner.eval()


def own_state(captioner: Captioner) -> dict[str, Tensor]:
    """The weights that a checkpoint holds: all but the frozen ones of the models it refers to."""
    references = captioner.references()
    learnt = _learnt(captioner)
    state = captioner.state_dict()
    return {name: state[name] for name in state if name.split(".", 1)[0] not in references or name in learnt}


def find(model: str | Path) -> Path:
    """The checkpoint folder that is meant: the folder itself, a run's best, or one fetched from the Hub."""
    path = Path(model)
    for folder in (path, path / "checkpoints" / "best"):
        if (folder / RECORD).exists():
            return folder
    if path.is_dir():
        raise MissingFileError(
            "no checkpoint there", where=path, fix=f"Give a folder with {CONFIG} and {WEIGHTS}, or a finished run."
        )
    return hub.fetch(str(model))


class _Checkpoint(config.Frozen):
    captioner: config.CaptionerConfig


def _write(captioner: Captioner, folder: Path, card: str, self_contained: bool) -> None:
    references = captioner.references()
    changes = captioner.save_references(folder) if self_contained else {}
    captioner.save_structure(folder)
    state = own_state(captioner)
    save_file(_untied(state), folder / WEIGHTS, metadata={"format": "pt"})
    (folder / WEIGHTS).chmod(0o644)
    storage.write_text(folder / CONFIG, config.to_yaml(_changed(captioner.config, changes)))
    storage.write_text(folder / CARD, card or _card(captioner))
    hashes = {name: _frozen_hash(module) for name, module in references.items()}
    storage.write_json(folder / RECORD, {"memecap": __version__, "references": hashes, "tied": _tied(state)})


def _changed(part: PartConfig, changes: Mapping[str, Mapping[str, Any]]) -> PartConfig:
    updates = {name: getattr(part, name).model_copy(update=dict(change)) for name, change in changes.items()}
    return part.model_copy(update=updates)


def _resolve(settings: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Paths that begin with ./ are inside the checkpoint."""
    for value in settings.values():
        if isinstance(value, dict) and str(value.get("model", "")).startswith("./"):
            value["model"] = str(folder / value["model"])
    return settings


def _check_references(captioner: Captioner, record: Mapping[str, Any], folder: Path) -> None:
    for name, module in captioner.references().items():
        expected = record["references"].get(name)
        if expected != _frozen_hash(module):
            raise DataError(
                f"the {name} has other weights than those the captioner was trained with",
                where=f"{folder / CONFIG}: {name}",
                fix="Put the original model back, or train again; --self-contained checkpoints carry their own.",
            )


def _load_weights(captioner: Captioner, path: Path) -> None:
    try:
        state = load_file(path)
    except FileNotFoundError as error:
        raise MissingFileError("no such file", where=path, fix="The checkpoint is not whole: save it again.") from error
    except SafetensorError as error:
        raise DataError(f"broken weights: {error}", where=path, fix="Save or fetch the checkpoint again.") from error
    expected = captioner.state_dict()
    own = own_state(captioner).keys()
    absent = own - state.keys() - _tied(expected).keys()
    misshapen = [n for n in own & state.keys() if state[n].shape != expected[n].shape]
    if absent or misshapen or state.keys() - own:
        first = sorted([*absent, *misshapen, *(state.keys() - own)])[0]
        raise DataError(
            f"the weights do not fit the captioner: {first}",
            where=path,
            fix="Load it with the config it was saved with.",
        )
    captioner.load_state_dict(state, strict=False)


def _learnt(module: nn.Module) -> set[str]:
    named = module.named_parameters(remove_duplicate=False)
    return {name for name, parameter in named if parameter.requires_grad}


def _frozen_hash(module: nn.Module) -> str:
    """The hash of what is not learnt, by its original names: peft puts `base_layer` into those it wraps."""
    learnt, state = _learnt(module), module.state_dict()
    return state_hash({name.replace(".base_layer", ""): state[name] for name in state if name not in learnt})


def _tied(state: Mapping[str, Tensor]) -> dict[str, str]:
    """Names whose memory another name already holds (the output layer of a GPT is its embedding)."""
    first: dict[tuple[int, tuple[int, ...]], str] = {}
    tied = {}
    for name, tensor in state.items():
        kept = first.setdefault((tensor.data_ptr(), tuple(tensor.shape)), name)
        if kept != name and tensor.numel():
            tied[name] = kept
    return tied


def _untied(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    tied = _tied(state)
    return {name: tensor.detach().cpu().contiguous() for name, tensor in state.items() if name not in tied}


def _replace(made: Path, folder: Path) -> None:
    """Folders cannot be swapped in one step everywhere: the old one steps aside first, and goes last."""
    old = folder.with_name(f".{folder.name}.{os.getpid()}.old")
    if folder.exists():
        folder.rename(old)
    made.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def _card(captioner: Captioner) -> str:
    return (
        f"---\nlanguage: ru\nlibrary_name: memecap\npipeline_tag: image-to-text\n---\n\n# {captioner.config.name}\n\n"
        f"Made with memecap {__version__}. Use it with `memecap caption --model THIS_FOLDER picture.jpg`.\n"
    )
