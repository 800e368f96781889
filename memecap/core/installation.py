"""What memecap needs of a machine: packages, better also Tesseract with its languages, a GPU for training."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Requirement:
    """One thing, whether it is there, and how to get it."""

    name: str
    ok: bool
    found: str
    fix: str = ""
    needed: bool = True  # False: only some commands want it


_PACKAGES = ("torch", "transformers", "accelerate", "vk_api", "navec", "nltk", "pymorphy3", "onnxruntime", "rapidocr")
_EXTRAS = {"ctranslate2": "translate", "tensorboard": "tensorboard", "evaluate": "eval", "ray": "ray",
           "easyocr": "easyocr"}  # fmt: skip


def requirements() -> Iterator[Requirement]:
    """All that is looked for, in the order it is told."""
    yield Requirement("memecap", True, importlib.metadata.version("memecap"))
    yield Requirement("python", True, platform.python_version())
    for name in _PACKAGES:
        yield _package(name, fix=f"pip install {name}")
    yield _tesseract()
    for name, extra in _EXTRAS.items():
        yield _package(name, fix=f"pip install 'memecap[{extra}]'", needed=False)
    yield Requirement("cores", True, str(os.cpu_count()))
    gpu = shutil.which("nvidia-smi") is not None
    yield Requirement("gpu", gpu, "nvidia-smi is there" if gpu else "none seen", "only training is slower", False)


def _package(name: str, *, fix: str, needed: bool = True) -> Requirement:
    try:
        return Requirement(name, True, importlib.metadata.version(name), needed=needed)
    except importlib.metadata.PackageNotFoundError:
        return Requirement(name, False, "not installed", fix, needed)


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
