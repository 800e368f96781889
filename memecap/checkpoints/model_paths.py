"""Where the pretrained models lie that a checkpoint refers to: written so that it works from any working directory.

In a checkpoint's config.yaml `./x` and `../x` begin at its own folder, so that a project moves as a whole;
checkpoint.json has the absolute place too, so that a checkpoint moves alone. Hub ids stay as they are.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from memecap.core.config import Frozen, PartConfig
from memecap.errors import MissingFileError


class Place(Frozen):
    """A model's folder: from the checkpoint's, as config.yaml has it, and from the root of the disk."""

    model: str
    absolute: str


def places(part: PartConfig, names: Collection[str], folder: Path) -> dict[str, Place]:
    """The named models that are folders of this machine, for the checkpoint of `part` in `folder`."""
    found = {}
    for name in sorted(names):
        model = getattr(getattr(part, name, None), "model", None)
        if isinstance(model, str) and Path(model).expanduser().is_dir():
            absolute = _absolute(model)
            found[name] = Place(model=_from(folder, absolute), absolute=absolute)
    return found


def models(settings: Mapping[str, Any]) -> dict[str, str]:
    """Name of a part → the folder or Hub id in its settings."""
    return {n: str(value["model"]) for n, value in settings.items() if isinstance(value, dict) and "model" in value}


def find(settings: Mapping[str, Any], folder: Path, known: Mapping[str, Place], needed: Collection[str]) -> Any:
    """The settings of a checkpoint with the places of its models as they are on this machine.

    Raises:
        MissingFileError: one that is needed is nowhere, with all the places that were looked at.
    """
    found = {**settings}
    for name, model in models(settings).items():
        tried = list(_candidates(model, folder, known.get(name)))
        place = next((path for path in tried if path.is_dir()), None)
        if place is not None:
            found[name] = {**settings[name], "model": str(place)}
        elif tried and name in needed and (name in known or _is_from_folder(model)):
            raise MissingFileError(
                f"the model of the {name} is not there; looked for {', '.join(map(str, tried))}",
                where=f"{folder / 'config.yaml'}: {name}.model",
                fix="Put the model there or name its folder in that file; a checkpoint saved with --self-contained "
                "carries its models.",
            )
    return found


def is_outside(model: str, folder: Path, known: Place | None) -> bool:
    """Whether the model is a folder of this machine that is no part of the checkpoint."""
    if model.startswith("./"):
        return False
    return known is not None or model.startswith(("/", "~", "../")) or any(p.is_dir() for p in _beside(model, folder))


def same_places(settings: Any) -> Any:
    """Settings in which a model that is a folder stands as its real path, so that two ways of naming it are equal."""
    if isinstance(settings, Mapping):
        model = settings.get("model")
        same = {name: same_places(value) for name, value in settings.items()}
        if isinstance(model, str) and Path(model).expanduser().is_dir():
            same["model"] = os.path.realpath(_absolute(model))
        return same
    return [same_places(value) for value in settings] if isinstance(settings, list | tuple) else settings


def _candidates(model: str, folder: Path, known: Place | None) -> Iterator[Path]:
    if _is_from_folder(model):
        yield Path(os.path.normpath(Path(_absolute(str(folder))) / model))
        yield Path(os.path.normpath(folder.resolve() / model))  # the same but where a link stands in the path
        if known is not None and known.model == model:
            yield Path(known.absolute)
    elif not Path(model).expanduser().is_absolute():
        yield from _beside(model, folder)


def _beside(model: str, folder: Path) -> Iterator[Path]:
    """Older checkpoints keep a path as it was written: from the working directory, often one of the folders above."""
    if Path(model).is_dir():
        yield Path(model)
    yield from (parent / model for parent in Path(_absolute(str(folder))).parents)


def _is_from_folder(model: str) -> bool:
    return model.startswith(("./", "../"))


def _from(folder: Path, absolute: str) -> str:
    try:
        relative = Path(os.path.relpath(absolute, _absolute(str(folder)))).as_posix()
    except ValueError:  # another drive
        return absolute
    return relative if relative.startswith("../") else f"./{relative}"


def _absolute(path: str) -> str:
    """Without following links: a link in a project is how its owner wants the folder to be found."""
    return os.path.abspath(Path(path).expanduser())  # noqa: PTH100
