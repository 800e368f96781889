"""memecap doctor: is everything here that memecap needs?"""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Annotated

import typer

from memecap.cli import app
from memecap.cli.output import emit


@dataclass(frozen=True, slots=True)
class Check:
    name: str
    ok: bool
    found: str
    fix: str = ""
    needed: bool = True  # False: only some commands want it


@app.command(epilog="Example: memecap doctor")
def doctor(as_json: Annotated[bool, typer.Option("--json", help="one JSON object on stdout")] = False) -> None:
    """Say what is installed, what is missing and how to get it. Exit code 69 when something needed is missing."""
    checks = [*_python(), *_packages(), *_tesseract(), *_extras(), *_machine()]
    if as_json:
        emit([asdict(check) for check in checks])
    else:
        for check in checks:
            mark = "ok" if check.ok else ("MISSING" if check.needed else "-")
            typer.echo(f"{mark:8}{check.name:14}{check.found}{f'   → {check.fix}' if not check.ok else ''}")
    raise typer.Exit(69 if any(check.needed and not check.ok for check in checks) else 0)


def _python() -> Iterator[Check]:
    yield Check("memecap", True, importlib.metadata.version("memecap"))
    yield Check("python", True, platform.python_version())


def _packages() -> Iterator[Check]:
    for name in ("torch", "transformers", "accelerate", "vk_api", "navec", "nltk", "pymorphy3"):
        yield _package(name, fix=f"pip install {name}")


def _extras() -> Iterator[Check]:
    for name, extra in (("ctranslate2", "translate"), ("tensorboard", "tensorboard"), ("evaluate", "eval"),
                        ("ray", "ray"), ("easyocr", "easyocr")):  # fmt: skip
        yield _package(name, fix=f"pip install 'memecap[{extra}]'", needed=False)


def _package(name: str, *, fix: str, needed: bool = True) -> Check:
    try:
        return Check(name, True, importlib.metadata.version(name), needed=needed)
    except importlib.metadata.PackageNotFoundError:
        return Check(name, False, "not installed", fix, needed)


def _tesseract() -> Iterator[Check]:
    fix = "apt-get install tesseract-ocr tesseract-ocr-rus tesseract-ocr-eng"
    program = shutil.which("tesseract")
    if program is None:
        yield Check("tesseract", False, "not on the PATH", fix)
        return
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    languages = subprocess.run([program, "--list-langs"], capture_output=True, text=True, check=False).stdout.split()
    missing = {"rus", "eng"} - set(languages)
    first_line = (version.stdout or version.stderr).split("\n", 1)[0]
    found = f"{first_line}, without {' and '.join(sorted(missing))}" if missing else f"{first_line}, rus and eng"
    yield Check("tesseract", not missing, found, fix)


def _machine() -> Iterator[Check]:
    yield Check("cores", True, str(os.cpu_count()))
    gpu = shutil.which("nvidia-smi")
    yield Check("gpu", gpu is not None, "nvidia-smi is there" if gpu else "none seen", "only training is slower", False)
