"""checkpoint.json: what a checkpoint says of itself, and whether its files are still what was saved.

In: a checkpoint's folder. Out: its `Record`, or the reason why it must not be used. Its files have a SHA-256, apart
from README.md, which is for people, and weights of copied models, which are compared tensor by tensor. config.yaml may
be changed by hand, which is said.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from memecap.checkpoints.model_paths import Place
from memecap.core import config, storage
from memecap.core.progress import say
from memecap.errors import DataError

FORMAT = 2  # 1 had neither a number nor checksums
CONFIG, RECORD, CARD = "config.yaml", "checkpoint.json", "README.md"
_AGAIN = "Save or fetch the checkpoint again."
_COPIED_WEIGHTS = (".safetensors", ".bin")


class Record(BaseModel):
    """The content of checkpoint.json."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)

    memecap: str = "?"
    format: int = 1
    references: dict[str, str]  # name of a frozen model → the hash of its weights
    tied: dict[str, str] = {}
    models: dict[str, Place] = {}  # name of a model that lay on the machine → where
    settings: list[str] = []  # what config.yaml must have
    files: dict[str, str] = {}  # path → SHA-256


def read(folder: Path) -> Record:
    """Raises `DataError` when the file is broken, or of a format that is newer than this memecap."""
    path = folder / RECORD
    values = storage.read_json(path)
    number = values.get("format", 1) if isinstance(values, dict) else 1
    if isinstance(number, int) and number > FORMAT:
        raise DataError(
            f"the checkpoint is of format {number}, and this memecap knows formats up to {FORMAT}",
            where=path,
            fix="Install a newer memecap: pip install --upgrade memecap",
        )
    try:
        return Record.model_validate(values)
    except ValidationError as error:
        problem = error.errors()[0]
        place = ".".join(map(str, problem["loc"]))
        raise DataError(f"not the record of a checkpoint: {place} {problem['msg']}", where=path, fix=_AGAIN) from error


def write(folder: Path, record: Record, *, copies: Collection[str]) -> None:
    """Write the record of a folder that is complete; `copies` are the folders of copied models."""
    files = {
        name: storage.sha256_file(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        and (name := path.relative_to(folder).as_posix()) not in (RECORD, CARD)
        and not (name.split("/")[0] in copies and path.suffix in _COPIED_WEIGHTS)
    }
    settings = list(config.read_yaml(folder / CONFIG))
    whole = record.model_copy(update={"format": FORMAT, "files": files, "settings": settings})
    storage.write_json(folder / RECORD, whole.model_dump(mode="json"))


def check(folder: Path, record: Record, settings: Mapping[str, Any]) -> None:
    """Raises `DataError` when a file is not what was saved; says what an older checkpoint leaves unchecked."""
    if record.format < FORMAT:
        say(f"{folder}: saved by memecap {record.memecap} without checksums, its own weights are not checked")
    absent = sorted(set(record.settings) - settings.keys())
    if absent:
        raise DataError(f"the key {absent[0]} is missing", where=folder / CONFIG, fix=f"Put it back. {_AGAIN}")
    for name, digest in record.files.items():
        if storage.sha256_file(folder / name) == digest:
            continue
        if name == CONFIG:
            say(f"{folder / CONFIG}: changed since the checkpoint was saved")
        else:
            raise DataError("broken file: its content is not what was saved (SHA-256)", where=folder / name, fix=_AGAIN)
