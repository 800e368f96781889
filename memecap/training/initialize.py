"""The captioner that a run trains: a new one, one to start from, or the one of a saved state."""

from __future__ import annotations

from collections.abc import Sequence

from accelerate.utils import set_seed

from memecap.captioners.base import Captioner, TrainableCaptioner, create
from memecap.checkpoints import checkpoint, model_paths
from memecap.core import config as configuration
from memecap.core import manifest, tensors
from memecap.errors import ConfigError, DataError
from memecap.training.config import TrainConfig
from memecap.training.datasets import train_captions
from memecap.training.folder import RunFolder, differences
from memecap.training.progress import Record


def initialize(config: TrainConfig, corpora: Sequence[Sequence[manifest.Corpus]]) -> TrainableCaptioner:
    """The captioner of a new run, its weights decided by the seed or by the checkpoint to start from.

    Raises:
        ConfigError: it cannot be trained, or the checkpoint's captioner has other settings.
    """
    set_seed(config.seed)
    if config.start_from is None:
        captioner: Captioner = create(config.captioner, train_captions(corpora))
    else:
        captioner = _start_from(config.start_from, config)
    if not isinstance(captioner, TrainableCaptioner):
        raise ConfigError(
            f"{config.captioner.name} has nothing to train",
            where="captioner",
            fix="Take another captioner; see `memecap parts captioners`.",
        )
    return captioner


def resume(config: TrainConfig, folder: RunFolder, state: Record, fingerprint: dict[str, str]) -> TrainableCaptioner:
    """The captioner of a saved state. Raises `DataError` when the corpora are no longer what they were."""
    if state["corpora"] != fingerprint:
        changed = [name for name, print_ in fingerprint.items() if state["corpora"].get(name) != print_]
        raise DataError(
            f"rows or readings have changed since this run began: {', '.join(changed)}",
            where=folder.folder,
            fix="Choose another --out, or remove the folder to begin anew.",
        )
    captioner = checkpoint.load(folder.last, trust_code=_named_parts(config))
    if tensors.misfits(state["weights"], checkpoint.own_state(captioner)):
        raise DataError(
            "the saved state is not of the checkpoint beside it",
            where=folder.folder,
            fix="Remove the folder and begin anew.",
        )
    captioner.load_state_dict(state["weights"], strict=False)
    return captioner


def _start_from(path: str, config: TrainConfig) -> TrainableCaptioner:
    captioner = checkpoint.load(path, trust_code=_named_parts(config))
    begun, wanted = (part.model_dump(mode="json") for part in (captioner.config, config.captioner))
    changed = differences(model_paths.same_places(begun), model_paths.same_places(wanted))
    if changed:
        raise ConfigError(
            f"the captioner to start from has other settings: {'; '.join(changed)}",
            where=path,
            fix="Copy the captioner's settings from its config.yaml.",
        )
    return captioner


def _named_parts(config: TrainConfig) -> set[str]:
    """The names of parts in the user's own settings: what they name they trust, whatever a checkpoint names beside."""
    settings = configuration.leaves(config.captioner.model_dump(mode="json"))
    return {value for key, value in settings if key.split(".")[-1] == "name" and isinstance(value, str)}
