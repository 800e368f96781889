"""A model's files from a local folder or the Hugging Face Hub, and to it: the only place that moves weights.

A model is named by a folder, by a Hub id `owner/name`, or by `owner/name@revision`, which pins a commit, branch or tag;
so wherever a model can be named, it can be pinned, and a checkpoint keeps the pin with the name.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from memecap.errors import AuthError, DataError, MissingFileError, ServiceError, UsageError

#: what a model of transformers is made of; weights of other frameworks stay on the Hub
_MODEL_FILES = ("*.json", "*.jinja", "*.txt", "*.model", "*.safetensors", "pytorch_model*.bin")
_SPECIAL_TOKENS = ("bos_token_id", "eos_token_id", "pad_token_id", "decoder_start_token_id")


def fetch(model: str, files: Sequence[str] | None = None, *, revision: str | None = None) -> Path:
    """The folder of a model's files; `model` is a folder or a Hub id like `ai-forever/rugpt3small_based_on_gpt2`.

    Args:
        files: names or glob patterns of the files needed; all when None.
        revision: commit, branch or tag, where the id names none; the newest when None.

    Raises:
        MissingFileError: a local folder lacks one of the files, or a path was given and nothing is there.
        ServiceError: the Hub cannot be reached, or has no such model.
    """
    folder = Path(model).expanduser()
    if folder.is_dir():
        for name in files or ():
            if not any(folder.glob(name)):
                raise MissingFileError(f"{name} is not there", where=folder, fix="Check the model's folder.")
        return folder
    if is_path(model):
        raise MissingFileError("no such model folder", where=model, fix="Check the path, or give a Hub id: owner/name.")
    from huggingface_hub import snapshot_download

    repository, pinned = split(model)
    try:
        allowed = None if files is None else list(files)
        _fetched[model] = Path(snapshot_download(repository, revision=pinned or revision, allow_patterns=allowed))
        return _fetched[model]
    except Exception as error:
        what = f"cannot fetch the model {model!r} from the Hugging Face Hub: {type(error).__name__}"
        fix = "Connect to the network, or download the model elsewhere and give its folder instead of the id."
        raise ServiceError(what, where=f"https://huggingface.co/{repository}", fix=fix) from error


def split(model: str) -> tuple[str, str | None]:
    """The repository and the revision of `owner/name@revision`; of anything else itself and None."""
    name, at, revision = model.partition("@")
    return (name, revision) if at and revision and name and not Path(model).expanduser().exists() else (model, None)


def pin(model: str, revision: str | None) -> str:
    """The model at a revision. Raises `UsageError` where it is no Hub id, or is pinned already."""
    if revision is None:
        return model
    if Path(model).expanduser().exists() or is_path(model) or "/" not in model:
        raise UsageError("a revision belongs to a model of the Hub", where=model, fix="Leave out --revision.")
    if split(model)[1] is not None:
        raise UsageError("the model names a revision already", where=model, fix="Give it once.")
    return f"{model}@{revision}"


#: path, size, time of change and of the inode's change: what tells that a file is still the same
Files = tuple[tuple[str, int, int, int], ...]
_fetched: dict[str, Path] = {}


def files(model: str) -> Files:
    """Which files a model is, as far as that is known without the network; empty where it is not."""
    folder = Path(model).expanduser() if Path(model).expanduser().is_dir() else _fetched.get(model)
    if not model or folder is None:
        return ()
    found = ((path, path.stat()) for path in sorted(folder.rglob("*")) if path.is_file())
    return tuple((str(path), stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns) for path, stat in found)


def is_path(model: str) -> bool:
    """Is a folder meant, and not a Hub id?"""
    return model.startswith((".", "/", "~")) or split(model)[0].count("/") > 1


def is_here(model: str) -> bool:
    """Can the model be used without the network? It is a folder, or the Hub's cache holds weights of it."""
    if Path(model).expanduser().is_dir():
        return True
    if is_path(model):
        return False
    from huggingface_hub import snapshot_download

    try:
        repository, revision = split(model)
        folder = Path(snapshot_download(repository, revision=revision, local_files_only=True))
    except Exception:  # not cached, or no name of a repository
        return False
    return any(any(folder.glob(pattern)) for pattern in ("*.safetensors", "*.bin"))


def answers(model: str) -> bool:
    """Would the Hub give the model now?"""
    from huggingface_hub import HfApi

    try:
        repository, revision = split(model)
        HfApi().model_info(repository, revision=revision, timeout=10)
    except Exception:  # offline, no such model, or one that may not be had
        return False
    return True


def fetch_model(model: str) -> Path:
    """The folder of a whole model: configuration, tokenizer, weights. Raises as `fetch` does."""
    return fetch(model, None if Path(model).is_dir() else _MODEL_FILES)


def upload(folder: Path, repository: str, *, private: bool = False, message: str) -> str:
    """Make `owner/name` if it is not there, and put a folder's files into it in one commit; returns its address.

    Raises:
        UsageError: not a name of a repository.
        AuthError: no token, or one that may not write there.
        ServiceError: the Hub cannot be reached.
    """
    from huggingface_hub import HfApi, errors, get_token

    if not re.fullmatch(r"[\w-][\w.-]*/[\w-][\w.-]*", repository):
        raise UsageError("not a repository's name", where=repository, fix="Write owner/name.")
    sign_in = "Run `hf auth login` with a token that may write, or set HF_TOKEN."
    if get_token() is None:
        raise AuthError("no token of the Hugging Face Hub", where=repository, fix=sign_in)
    api = HfApi()
    try:
        address = api.create_repo(repo_id=repository, private=private, exist_ok=True)
        api.upload_folder(repo_id=repository, folder_path=folder, commit_message=message)
    except Exception as error:
        status = error.response.status_code if isinstance(error, errors.HfHubHTTPError) else None
        if status in (401, 403):
            raise AuthError(f"the Hub refuses the token (HTTP {status})", where=repository, fix=sign_in) from error
        what = f"cannot upload to the Hugging Face Hub: {type(error).__name__}"
        fix = "Connect to the network (and unset HF_HUB_OFFLINE), then run the command again."
        raise ServiceError(what, where=f"https://huggingface.co/{repository}", fix=fix) from error
    return str(address)


def pretrained(
    model_class: Any, folder: Path, *, may_lack: tuple[str, ...] = (), dtype: str = "float32", **arguments: Any
) -> Any:
    """`model_class.from_pretrained(folder)` in evaluation mode, silently, its weights in `dtype`.

    Of its generation_config.json only the special tokens are kept: how a model writes is for its caller to say.

    Args:
        may_lack: beginnings of the names of weights that the class has and never uses.

    Raises:
        DataError: the files cannot be read, or lack weights that the class needs (transformers would invent them).
    """
    from transformers import GenerationConfig
    from transformers.utils import logging

    logging.disable_progress_bar()
    verbosity = logging.get_verbosity()
    logging.set_verbosity_error()
    try:
        loaded, report = model_class.from_pretrained(
            folder,
            output_loading_info=True,
            local_files_only=True,
            trust_remote_code=False,  # unsaid, transformers asks at the terminal whether to run a model's own code
            dtype=dtype,
            **arguments,
        )
    except Exception as error:  # a wrong file may make transformers, safetensors or pickle raise anything
        told = str(error).strip().splitlines() or [type(error).__name__]
        fix = "Check that the folder holds config.json and weights of the right kind."
        raise DataError(f"cannot load the model: {told[0]}", where=folder, fix=fix) from error
    finally:
        logging.set_verbosity(verbosity)
    missing = sorted(key for key in report["missing_keys"] if not key.startswith(may_lack))
    if missing:
        fix = "Choose a checkpoint of the right architecture."
        raise DataError(f"{len(missing)} weights are missing, {missing[0]} among them", where=folder, fix=fix)
    if (settings := getattr(loaded, "generation_config", None)) is not None:
        loaded.generation_config = GenerationConfig(**{name: getattr(settings, name) for name in _SPECIAL_TOKENS})
    return loaded.eval()
