"""One table of readers on the same memes: recall, precision, character error, seconds a picture, memory.

    python scripts/bench/bench_readers.py --memes ../shared/data/memes --split val
    python scripts/bench/bench_readers.py --pictures 120 --only tesseract rapidocr ours

Words read against words that the descriptions quote, as `bench_reading.py quality` counts them. Every reader has
a process of its own. Raw words that are kept from before are used for the quality; seconds and memory are of `--timed`
pictures read afresh. CPU seconds, the reader's own and its programs', are what other work on the machine moves
least; two cores take half of them where nothing else runs. A reader that cannot be had here (no program, no network)
is told as such.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench_reading import Report, memes

from memecap.core import config
from memecap.errors import MemecapError
from memecap.pictures.safe_open import open_picture

READERS: dict[str, dict[str, Any]] = {
    "Tesseract alone": {"name": "tesseract"},
    "RapidOCR with Tesseract crops": {"name": "rapidocr", "recogniser": "tesseract"},
    "RapidOCR with East Slavic crops": {"name": "rapidocr", "recogniser": "eslav"},
    "EasyOCR": {"name": "easyocr"},
    "ours without Tesseract": {"name": "auto", "tesseract": False},
    "ours": {"name": "auto"},
}
SHOWN = ("all", "russian", "short")
BATCH = 16


def measure(settings: dict[str, Any], rows: Sequence[tuple[Path, str]], n_timed: int) -> dict[str, Any]:
    """Quality on all rows, cost on the first so many; or why there is none."""
    try:
        reader, afresh = (config.build("reading", each) for each in (settings, _without_store(settings)))
        cost = _cost(afresh, [path for path, _ in rows[:: max(len(rows) // n_timed, 1)]][:n_timed])
    except MemecapError as error:
        return {"cannot be had": f"{error.what}: {error.where}"}
    report = Report()
    for first in range(0, len(rows), BATCH):
        batch = rows[first : first + BATCH]
        readings = reader.read([open_picture(path) for path, _ in batch])
        for (_, description), reading in zip(batch, readings, strict=True):
            report.add(description, reading)
    return {"reader": reader.version, **{name: report.tallies[name].row() for name in SHOWN}, **cost}


def _cost(reader: Any, paths: Sequence[Path]) -> dict[str, float]:
    images = [open_picture(path) for path in paths]
    reader.read(images[:1])  # dictionaries and networks are loaded by the first
    wall, cpu = time.perf_counter(), _cpu_s()
    reader.read(images)
    wall, cpu = time.perf_counter() - wall, _cpu_s() - cpu
    peaks = [resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return {
        "seconds_a_picture": round(wall / len(images), 3),
        "cpu_seconds_a_picture": round(cpu / len(images), 3),
        "memory_mb": round(peaks[0] / 1024),
        "largest_program_mb": round(peaks[1] / 1024),
    }


def _cpu_s() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def _without_store(settings: dict[str, Any]) -> dict[str, Any]:
    fields = config.registry.load("reading", settings["name"]).Config.model_fields
    return {**settings, "keep": False} if "keep" in fields else settings


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--memes", type=Path, default=Path("../shared/data/memes"))
    parser.add_argument("--split", default="val")
    parser.add_argument("--pictures", type=int, default=None, help="so many of the split, evenly chosen")
    parser.add_argument("--timed", type=int, default=24, help="pictures whose seconds are counted")
    parser.add_argument("--only", nargs="*", help="names of readers in lower case, or beginnings of them")
    arguments = parser.parse_args()
    rows = list(memes(arguments.memes, arguments.split))
    if arguments.pictures:
        rows = [rows[number * len(rows) // arguments.pictures] for number in range(arguments.pictures)]
    for name, settings in READERS.items():
        if arguments.only and not any(name.lower().startswith(wanted) for wanted in arguments.only):
            continue
        with multiprocessing.get_context("spawn").Pool(1) as pool:  # its memory is that of one reader
            found = pool.apply(measure, (settings, rows, arguments.timed))
        print(json.dumps({"name": name, **found}, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    sys.exit(main())
