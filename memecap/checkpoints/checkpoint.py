"""A captioner ↔ one folder: `config.yaml`, `model.safetensors`, the tokenizer, `checkpoint.json`, a card (README.md).

Frozen pretrained models are named with a hash of their weights, not copied; `self_contained` copies them. The folder is
written beside its place and moved there, so it is whole or absent. A run folder stands for its `checkpoints/best`.
Nothing in a checkpoint is run: a part outside the package is imported only where the caller trusts its name.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Collection, Mapping
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor, nn

from memecap import __version__
from memecap.captioners.base import TrainableCaptioner
from memecap.checkpoints import model_paths
from memecap.checkpoints import record as checkpoint_record
from memecap.checkpoints.record import CARD, CONFIG, RECORD, Record
from memecap.core import config, hub, registry, storage, sums, tensors
from memecap.core.config import PartConfig
from memecap.encoders.base import hash_once
from memecap.errors import DataError, MissingFileError, UsageError

WEIGHTS = "model.safetensors"
#: the hash of a frozen model that was loaded from these files with these settings
_known: dict[tuple[hub.Files, str], str] = {}


def save(captioner: TrainableCaptioner, folder: Path, *, card: str = "", self_contained: bool = False) -> None:
    """Write a checkpoint, replacing the one that is there.

    Args:
        card: Markdown for the folder's README.md.
        self_contained: copy the frozen pretrained models too, so that the folder needs nothing else.

    Raises:
        StorageError: the folder cannot be written.
        UsageError: it is not empty and holds no checkpoint.
    """
    try:
        _refuse_foreign(folder)
        folder.parent.mkdir(parents=True, exist_ok=True)
        making = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
        try:
            _write(captioner, making, folder, card, self_contained)
            making.chmod(0o755)
            _replace(making, folder)
        finally:
            shutil.rmtree(making, ignore_errors=True)
    except (OSError, SafetensorError) as error:
        raise storage.unwritable(error, folder) from error


def load(model: str | Path, *, trust_code: bool | Collection[str] = False) -> TrainableCaptioner:
    """The captioner of a checkpoint folder, a run folder or a Hub id, in evaluation mode.

    Args:
        trust_code: whether modules outside the package that it names are imported, or which of them.

    Raises:
        UsageError: it names code outside the package that is not trusted.
        MissingFileError: there is no checkpoint, or a model that it refers to is not where it was.
        DataError: a file is not what was saved, its weights do not fit, a model that it refers to has other weights
            than it was trained with, or it was saved by a newer memecap.
        ServiceError: the Hub cannot be reached.
    """
    folder = find(model)
    record, written = checkpoint_record.read(folder), config.read_yaml(folder / CONFIG)
    checkpoint_record.check(folder, record, written)
    settings = model_paths.find(written, folder, record.models, {"encoder", *record.references})
    with registry.trusting(trust_code):
        part = config.validate(_Checkpoint, {"captioner": settings}, where=folder / CONFIG).captioner
        files = _files(part, record.references)
        captioner: TrainableCaptioner = registry.load("captioners", part.name).from_folder(part, folder)
    _check_references(captioner, record.references, files, folder)
    _load_weights(captioner, folder / WEIGHTS)
    return captioner.eval()


def restore(captioner: TrainableCaptioner, folder: Path) -> None:
    """Bring back the own weights of a checkpoint of this very captioner; frozen models stay as they are.

    Raises:
        DataError: they are broken or do not fit.
    """
    checkpoint_record.check(folder, checkpoint_record.read(folder), config.read_yaml(folder / CONFIG))
    _load_weights(captioner, folder / WEIGHTS)


def own_state(captioner: TrainableCaptioner) -> dict[str, Tensor]:
    """The weights that a checkpoint holds: all but the frozen ones of the models it refers to."""
    references, learnt = captioner.references(), _learnt(captioner)
    state = captioner.state_dict().items()
    return {name: tensor for name, tensor in state if name.split(".", 1)[0] not in references or name in learnt}


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


def _write(captioner: TrainableCaptioner, folder: Path, home: Path, card: str, self_contained: bool) -> None:
    """Everything into `folder`, which is going to be moved to `home`."""
    references = captioner.references()
    names = {*references, *(() if captioner.encoder is None else ("encoder",))}
    places = model_paths.places(captioner.config, names, home)
    own = any(place.model.startswith("./") for place in places.values())  # copies in the folder that is replaced
    changes = captioner.save_references(folder) if self_contained or own else {}
    places = {name: place for name, place in places.items() if name not in changes}
    captioner.save_structure(folder)
    state = own_state(captioner)
    tied = _tied(state)
    untied = {name: tensor.detach().cpu().contiguous() for name, tensor in state.items() if name not in tied}
    save_file(untied, folder / WEIGHTS, metadata={"format": "pt"})
    (folder / WEIGHTS).chmod(0o644)
    changes |= {name: {"model": place.model} for name, place in places.items()}
    parts = {name: getattr(captioner.config, name).model_copy(update=change) for name, change in changes.items()}
    storage.write_text(folder / CONFIG, config.to_yaml(captioner.config.model_copy(update=parts)))
    storage.write_text(folder / CARD, card or _card(captioner))
    hashes = {name: _frozen_hash(module) for name, module in references.items()}
    record = Record(memecap=__version__, references=hashes, tied=tied, models=places)
    checkpoint_record.write(folder, record, copies=changes.keys())
    sums.record(folder, (path for path in folder.rglob("*") if path.is_file()))


def _files(part: PartConfig, references: Collection[str]) -> dict[str, tuple[hub.Files, str]]:
    """Name of a frozen model → which files it is about to be loaded from, and with which settings."""
    held = {name: getattr(part, name, None) for name in references}
    return {
        name: (files, settings.model_dump_json())
        for name, settings in held.items()
        if isinstance(settings, config.Frozen) and (files := hub.files(str(getattr(settings, "model", ""))))
    }


def _check_references(
    captioner: TrainableCaptioner, expected: Mapping[str, str], files: Mapping[str, tuple[hub.Files, str]], folder: Path
) -> None:
    for name, module in captioner.references().items():
        loaded = files.get(name)
        found = (loaded and _known.get(loaded)) or _frozen_hash(module)
        if loaded:
            _known[loaded] = found
        if expected.get(name) != found:
            raise DataError(
                f"the {name} has other weights than those the captioner was trained with",
                where=f"{folder / CONFIG}: {name}",
                fix="Put the original model back, or train again; --self-contained checkpoints carry their own.",
            )


def _load_weights(captioner: TrainableCaptioner, path: Path) -> None:
    state = tensors.read_safetensors(path, fix="Save or fetch the checkpoint again.")
    tied = _tied(captioner.state_dict())
    own = {name: tensor for name, tensor in own_state(captioner).items() if name in state or name not in tied}
    if wrong := tensors.misfits(state, own):
        raise DataError(
            f"the weights do not fit the captioner: {wrong[0]}",
            where=path,
            fix="Load it with the config it was saved with.",
        )
    captioner.load_state_dict(state, strict=False)


def _learnt(module: nn.Module) -> set[str]:
    named = module.named_parameters(remove_duplicate=False)
    return {name for name, parameter in named if parameter.requires_grad}


def _frozen_hash(module: nn.Module) -> str:
    """The hash of what is not learnt, by its original names: peft puts `base_layer` into those it wraps."""
    learnt, state = _learnt(module), module.state_dict(keep_vars=True)
    return hash_once(module, {name.replace(".base_layer", ""): state[name] for name in state if name not in learnt})


def _tied(state: Mapping[str, Tensor]) -> dict[str, str]:
    """Names whose memory another name already holds (the output layer of a GPT is its embedding)."""
    first: dict[tuple[int, tuple[int, ...]], str] = {}
    tied = {}
    for name, tensor in state.items():
        kept = first.setdefault((tensor.data_ptr(), tuple(tensor.shape)), name)
        if kept != name and tensor.numel():
            tied[name] = kept
    return tied


def _refuse_foreign(folder: Path) -> None:
    """A checkpoint replaces the whole folder, so it may only take the place of another."""
    if folder.is_dir() and any(folder.iterdir()) and not (folder / RECORD).exists():
        raise UsageError(
            "the folder is not empty and holds no checkpoint", where=folder, fix="Name a new or empty folder."
        )


def _replace(made: Path, folder: Path) -> None:
    """Folders cannot be swapped in one step everywhere: the old one steps aside first, and goes last."""
    old = folder.with_name(f".{folder.name}.{os.getpid()}.old")
    if folder.exists():
        folder.rename(old)
    made.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def _card(captioner: TrainableCaptioner) -> str:
    return (
        f"---\nlanguage: ru\nlibrary_name: memecap\npipeline_tag: image-to-text\n---\n\n# {captioner.config.name}\n\n"
        f"Made with memecap {__version__}. Use it with `memecap caption --model THIS_FOLDER picture.jpg`.\n"
    )
