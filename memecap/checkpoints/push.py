"""A checkpoint → a repository of the Hugging Face Hub, with a card of its scores beside the floors.

In: a checkpoint or run folder, and a folder of `memecap evaluate`. Out: the repository's address. Only the checkpoint
is uploaded, nothing else of a run.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from memecap import __version__
from memecap.checkpoints import checkpoint, model_paths
from memecap.checkpoints import record as checkpoint_record
from memecap.core import config, hub, storage, sums
from memecap.errors import MissingFileError, UsageError
from memecap.scoring import tables

_SCORES, _RETRIEVED = "scores.json", "similar.jsonl"


def push(
    model: Path,
    repository: str,
    *,
    folder: Path | None = None,
    scores: Path | None = None,
    private: bool = False,
    self_contained: bool = False,
    trust_code: bool = False,
    message: str = "Upload a memecap checkpoint",
) -> str:
    """Upload a checkpoint; returns the address of the repository.

    Args:
        folder: where all of it is written instead, a new or empty one; nothing is uploaded, and it is the answer.
        scores: a folder of `memecap evaluate`, whose table comes into the card.
        self_contained: copy the frozen models it refers to, so that it needs nothing else.
        trust_code: for a copy the checkpoint is loaded; import the modules outside the package that it names.

    Raises:
        MissingFileError: there is no checkpoint, or no scores there.
        UsageError: the name is not one of the Hub's, or frozen models that lie on this machine would be left behind.
        AuthError: no token, or one that may not write there.
        ServiceError: the Hub cannot be reached.
    """
    found = check(model, scores, self_contained=self_contained)
    if folder is not None and folder.exists() and any(folder.iterdir()):
        raise UsageError("the folder is not empty", where=folder, fix="Name a new one.")
    with tempfile.TemporaryDirectory() as temporary:
        prepared = Path(temporary) / "checkpoint"
        if self_contained:
            checkpoint.save(checkpoint.load(found, trust_code=trust_code), prepared, self_contained=True)
        else:
            shutil.copytree(found, prepared)
        storage.write_text(prepared / checkpoint_record.CARD, card(prepared, repository, scores))
        sums.record(prepared, [prepared / checkpoint_record.CARD])
        if folder is not None:
            storage.check_writable(folder)
            shutil.copytree(prepared, folder, dirs_exist_ok=True)
            return str(folder)
        return hub.upload(prepared, repository, private=private, message=message)


def check(model: Path, scores: Path | None, *, self_contained: bool) -> Path:
    """The folder of the checkpoint, where it can be pushed. Raises as `push`."""
    if not model.is_dir():
        raise MissingFileError("no such folder", where=model, fix="Give a checkpoint or a run folder.")
    if scores is not None and not (scores / _SCORES).is_file():
        raise MissingFileError(f"no {_SCORES} there", where=scores, fix="Give an output folder of `memecap evaluate`.")
    found = checkpoint.find(model)
    if not self_contained:
        _refuse_local_models(found)
    return found


def card(folder: Path, repository: str, scores: Path | None = None) -> str:
    """Markdown about a checkpoint: how to use it, what it refers to, what it reaches beside floors, its settings."""
    parts = [
        "---\nlanguage: ru\nlibrary_name: memecap\npipeline_tag: image-to-text\n---",
        f"# {repository}",
        f"Describes pictures, Russian memes above all. Made with memecap {__version__}.",
        f"```sh\nmemecap caption picture.jpg --model {repository}\n```",
    ]
    references = checkpoint_record.read(folder).references
    if references:
        models = model_paths.models(config.read_yaml(folder / checkpoint_record.CONFIG))
        parts.append("Frozen models it was trained with, by the SHA-256 of their weights:")
        parts.append("\n".join(f"- {name}: {_place(models[name])}, {digest}" for name, digest in references.items()))
    if (folder / _RETRIEVED).exists():
        parts.append("It shows itself captions of similar training pictures: those captions are part of it.")
    parts.append("## Scores")
    if scores is None:
        parts.append("Not measured yet.")
    else:
        told = storage.read_json(scores / "evaluation.json")
        parts.append(f"Split `{told['split']}`, decoding `{told['decoding']['name']}`; floors beside it.")
        parts.append(tables.render(storage.read_json(scores / _SCORES), "markdown"))
    settings = (folder / checkpoint_record.CONFIG).read_text(encoding="utf-8").rstrip()
    return "\n\n".join([*parts, "## Settings", f"```yaml\n{settings}\n```"]) + "\n"


def _place(model: str) -> str:
    return "a copy in this repository" if model.startswith("./") else f"`{model}`, not copied"


def _refuse_local_models(folder: Path) -> None:
    record = checkpoint_record.read(folder)
    local = [
        f"{name}: {model}"
        for name, model in model_paths.models(config.read_yaml(folder / checkpoint_record.CONFIG)).items()
        if name in {"encoder", *record.references} and model_paths.is_outside(model, folder, record.models.get(name))
    ]
    if local:
        raise UsageError(
            f"it refers to models that lie on this machine ({'; '.join(local)})",
            where=folder,
            fix="Add --self-contained, so that they are uploaded with it.",
        )
