"""What memecap needs of a machine: packages, the tesseract program and its languages, a GPU for training."""

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


def requirements() -> list[Requirement]:
    """All that is looked for, in the order it is told."""
    return [*_python(), *_packages(), *_tesseract(), *_extras(), *_machine()]


def _python() -> Iterator[Requirement]:
    yield Requirement("memecap", True, importlib.metadata.version("memecap"))
    yield Requirement("python", True, platform.python_version())


def _packages() -> Iterator[Requirement]:
    for name in ("torch", "transformers", "accelerate", "vk_api", "navec", "nltk", "pymorphy3"):
        yield _package(name, fix=f"pip install {name}")


def _extras() -> Iterator[Requirement]:
    for name, extra in (("ctranslate2", "translate"), ("tensorboard", "tensorboard"), ("evaluate", "eval"),
                        ("ray", "ray"), ("easyocr", "easyocr")):  # fmt: skip
        yield _package(name, fix=f"pip install 'memecap[{extra}]'", needed=False)


def _package(name: str, *, fix: str, needed: bool = True) -> Requirement:
    try:
        return Requirement(name, True, importlib.metadata.version(name), needed=needed)
    except importlib.metadata.PackageNotFoundError:
        return Requirement(name, False, "not installed", fix, needed)


def _tesseract() -> Iterator[Requirement]:
    fix = "apt-get install tesseract-ocr tesseract-ocr-rus tesseract-ocr-eng"
    program = shutil.which("tesseract")
    if program is None:
        yield Requirement("tesseract", False, "not on the PATH", fix)
        return
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    languages = subprocess.run([program, "--list-langs"], capture_output=True, text=True, check=False).stdout.split()
    missing = {"rus", "eng"} - set(languages)
    first_line = (version.stdout or version.stderr).split("\n", 1)[0]
    found = f"{first_line}, without {' and '.join(sorted(missing))}" if missing else f"{first_line}, rus and eng"
    yield Requirement("tesseract", not missing, found, fix)


def _machine() -> Iterator[Requirement]:
    yield Requirement("cores", True, str(os.cpu_count()))
    gpu = shutil.which("nvidia-smi")
    yield Requirement(
        "gpu", gpu is not None, "nvidia-smi is there" if gpu else "none seen", "only training is slower", False
    )
