"""What memecap needs of a machine: packages, better also Tesseract, tokens, room on the disk, a GPU."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from memecap.core import storage


@dataclass(frozen=True, slots=True)
class Requirement:
    """One thing, whether it is there, and how to get it."""

    name: str
    ok: bool
    found: str
    fix: str = ""
    needed: bool = True  # False: only some commands want it


_ROOM_BYTES = 5_000_000_000  # a pretrained model and a corpus
_PACKAGES = ("torch", "transformers", "accelerate", "vk_api", "navec", "nltk", "pymorphy3", "onnxruntime", "rapidocr")
_EXTRAS = {
    "ctranslate2": "translate", "tensorboard": "tensorboard", "trackio": "trackers", "wandb": "trackers",
    "evaluate": "eval", "ray": "ray", "easyocr": "easyocr", "pillow_heif": "heic",
}  # fmt: skip


def requirements() -> Iterator[Requirement]:
    """All that is looked for, in the order it is told."""
    yield Requirement("memecap", True, importlib.metadata.version("memecap"))
    yield Requirement("python", True, platform.python_version())
    for name in _PACKAGES:
        yield _package(name, fix=f"pip install {name}")
    yield _tesseract()
    for name, extra in _EXTRAS.items():
        yield _package(name, fix=f"pip install 'memecap[{extra}]'", needed=False)
    yield from _disk()
    yield _font()
    yield from _tokens()
    yield _offline()
    yield Requirement("cores", True, str(os.cpu_count()))
    gpu = shutil.which("nvidia-smi") is not None
    yield Requirement("gpu", gpu, "nvidia-smi is there" if gpu else "none seen", "only training is slower", False)


def _package(name: str, *, fix: str, needed: bool = True) -> Requirement:
    try:
        return Requirement(name, True, importlib.metadata.version(name), needed=needed)
    except importlib.metadata.PackageNotFoundError:
        return Requirement(name, False, "not installed", fix, needed)


def _disk() -> Iterator[Requirement]:
    """Room where things are written: the current folder, and the cache."""
    for name, folder in (("disk here", Path.cwd()), ("disk of cache", storage.cache_folder())):
        place = next(parent for parent in (folder, *folder.parents) if parent.exists())
        free = shutil.disk_usage(place).free
        writable = os.access(place, os.W_OK)
        found = f"{free / 1e9:.1f} GB free, {folder}" + ("" if writable else ", not writable")
        fix = f"make room or permissions there, or set {'MEMECAP_CACHE' if 'cache' in name else 'another folder'}"
        yield Requirement(name, free >= _ROOM_BYTES and writable, found, fix, needed=False)


def _font() -> Requirement:
    """A font with Russian letters, for what is painted and drawn; matplotlib brings one."""
    spec = find_spec("matplotlib")
    folder = Path(spec.origin).parent / "mpl-data" / "fonts" / "ttf" if spec and spec.origin else None
    font = folder / "DejaVuSans-Bold.ttf" if folder else None
    if font and font.exists():
        return Requirement("font", True, f"{font.stem}, with Russian letters", needed=False)
    return Requirement("font", False, "none with Russian letters found", "pip install matplotlib", needed=False)


def _tokens() -> Iterator[Requirement]:
    """Which tokens are set, and whether others can read them; never what they are."""
    file = os.environ.get("MEMECAP_VK_TOKEN_FILE")
    if file and Path(file).is_file():
        closed = not Path(file).stat().st_mode & 0o077
        found = f"in {file}" + ("" if closed else ", which others can read")
        yield Requirement("VK token", closed, found, f"chmod 600 {file}", needed=False)
    else:
        is_set = bool(os.environ.get("VK_TOKEN"))
        fix = "for `memecap scrape`: VK_TOKEN, or a file of mode 0600 that MEMECAP_VK_TOKEN_FILE names"
        yield Requirement("VK token", is_set, "in VK_TOKEN" if is_set else "not set", fix, needed=False)
    home = Path(os.environ.get("HF_HOME") or Path.home() / ".cache" / "huggingface")
    is_set = bool(os.environ.get("HF_TOKEN")) or (home / "token").is_file()
    fix = "for `memecap push` and gated models: hf auth login"
    yield Requirement("Hub token", is_set, "is set" if is_set else "not set", fix, needed=False)


def _offline() -> Requirement:
    on = os.environ.get("HF_HUB_OFFLINE", "").casefold() in ("1", "true", "on", "yes")
    found = "HF_HUB_OFFLINE is set: models come from this disk" if on else "used for models that are not here yet"
    return Requirement("network", True, found)


def _tesseract() -> Requirement:
    fix = "memes are read better with it: apt-get install tesseract-ocr tesseract-ocr-rus tesseract-ocr-eng"
    program = shutil.which("tesseract")
    if program is None:
        return Requirement("tesseract", False, "not on the PATH", fix, needed=False)
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    languages = subprocess.run([program, "--list-langs"], capture_output=True, text=True, check=False).stdout.split()
    missing = {"rus", "eng"} - set(languages)
    first_line = (version.stdout or version.stderr).split("\n", 1)[0]
    found = f"{first_line}, without {' and '.join(sorted(missing))}" if missing else f"{first_line}, rus and eng"
    return Requirement("tesseract", not missing, found, fix, needed=False)
