"""Passes: one Tesseract process reads a batch of pictures, each turned into the same look, and says its words.

In: upright RGB pictures. Out: for each, raw words with boxes in the pixels of the picture that was given.
Source: Tesseract 5's file lists (one file name a line; `page_num` of the TSV counts the files) and TSV columns.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image

from memecap.errors import ServiceError
from memecap.reading.base import Box
from memecap.reading.engine.preprocess import LOOKS

INSTALL = (
    "Install it: `sudo apt-get install tesseract-ocr tesseract-ocr-rus` (Debian, Ubuntu), "
    "`brew install tesseract tesseract-lang` (macOS)."
)
SECONDS_A_PICTURE = 30.0


@dataclass(frozen=True, slots=True)
class Pass:
    """A look at a picture, Tesseract's page segmentation mode (11: sparse text, 3: a page), and the languages."""

    look: str
    psm: int
    languages: str


@dataclass(frozen=True, slots=True)
class Word:
    """A word as Tesseract gives it; `line` numbers the lines of one pass."""

    text: str
    box: Box  # pixels
    confidence: float  # 0..1, Tesseract's own, not calibrated
    line: int


def run(images: Sequence[Image.Image], look: Pass) -> list[list[Word]]:
    """Read a batch with one process.

    Raises:
        ServiceError: Tesseract is not installed, lacks a language, or failed.
    """
    scales: list[float] = []

    def seen() -> Iterator[Image.Image]:  # one at a time: a batch of huge pictures would fill the memory
        for image in images:
            picture, scale = LOOKS[look.look](image)
            scales.append(scale)
            yield picture

    return run_pictures(seen(), look.languages, look.psm, scales)


def run_pictures(
    pictures: Iterable[Image.Image], languages: str, psm: int, scales: Sequence[float] | None = None
) -> list[list[Word]]:
    """Read pictures as they are with one process; `scales`: what boxes are divided by. Raises as `run` does."""
    program = find_program()
    with TemporaryDirectory(prefix="memecap-read-") as folder:
        names = []
        for number, picture in enumerate(pictures):
            names.append(Path(folder) / f"{number}.{'pgm' if picture.mode == 'L' else 'ppm'}")
            picture.save(names[-1])
        listing = Path(folder) / "list.txt"
        listing.write_text("".join(f"{name}\n" for name in names), encoding="utf-8")
        command = [program, str(listing), "stdout", "-l", languages, "--psm", str(psm), "tsv"]
        table = _run(command, timeout_s=60 + SECONDS_A_PICTURE * len(names))
    return parse(table, scales or [1.0] * len(names))


def find_program() -> str:
    """Tesseract's path. Raises `ServiceError` with how to install it."""
    program = shutil.which("tesseract")
    if program is None:
        raise ServiceError("the program `tesseract` is not installed", where="PATH", fix=INSTALL)
    return program


def program_version(languages: str) -> str:
    """Such as `5.3.0`. Raises `ServiceError` when the program or a language is missing."""
    program = find_program()
    first = _run([program, "--version"], timeout_s=60).split("\n", 1)[0]
    known = _run([program, "--list-langs"], timeout_s=60).split()
    missing = sorted(set(languages.split("+")).difference(known))
    if missing:
        fix = _install_languages(missing)
        raise ServiceError(f"Tesseract lacks the language data {', '.join(missing)}", where=program, fix=fix)
    return first.split()[-1]


def _install_languages(languages: Sequence[str]) -> str:
    """Debian's package of chi_sim is tesseract-ocr-chi-sim."""
    packages = [f"tesseract-ocr-{language.lower().replace('_', '-')}" for language in languages]
    return (
        f"Install it: `sudo apt-get install {' '.join(packages)}` (Debian, Ubuntu), `brew install tesseract-lang` "
        "(macOS); or name other languages: `tesseract --list-langs` shows those there are."
    )


def parse(table: str, scales: Sequence[float]) -> list[list[Word]]:
    """Tesseract's TSV of a file list → the words of each picture, boxes divided by the picture's scale."""
    pages: list[list[Word]] = [[] for _ in scales]
    lines: dict[tuple[str, ...], int] = {}
    for row in table.split("\n"):
        cells = row.split("\t")
        if len(cells) != 12 or cells[0] != "5" or not cells[11].strip():
            continue
        page = int(cells[1]) - 1
        left, top, width, height = (int(cell) for cell in cells[6:10])
        scale = scales[page]
        right, bottom = left + width, top + height
        box = round(left / scale), round(top / scale), round(right / scale), round(bottom / scale)
        line = lines.setdefault(tuple(cells[1:5]), len(lines))
        pages[page].append(Word(cells[11].strip(), box, max(float(cells[10]), 0.0) / 100, line))
    return pages


def _run(command: Sequence[str], timeout_s: float) -> str:
    environment = {**os.environ, "OMP_THREAD_LIMIT": "1"}  # its own threads cost more than they give
    try:
        done = subprocess.run(
            list(command), capture_output=True, env=environment, timeout=timeout_s, check=True, stdin=subprocess.DEVNULL
        )
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode("utf-8", "replace").strip()[-300:]
        told = f"Tesseract ended with code {error.returncode}: {said}"
        raise ServiceError(told, where=command[0], fix=INSTALL) from error
    except subprocess.TimeoutExpired as error:
        told, fix = f"Tesseract did not answer within {timeout_s:.0f} s", "Read fewer or smaller pictures."
        raise ServiceError(told, where=command[0], fix=fix) from error
    return done.stdout.decode("utf-8", "replace")
