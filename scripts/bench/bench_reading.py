"""How well and how fast memes are read.

    python scripts/bench/bench_reading.py quality --memes ../shared/data/memes --split val
    python scripts/bench/bench_reading.py ablate --memes ../shared/data/memes --split val
    python scripts/bench/bench_reading.py speed --memes ../shared/data/memes

`quality` compares the words read with the words that the descriptions quote (razdel words, lower case, ё as е, each as
often as it occurs), by class of meme, and prints how often lines of a confidence are right.
`ablate` adds one pass after another and leaves out one repair rule at a time: words read, and the scores of `template`.
`speed` reads pictures afresh; the others look at no picture twice.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import razdel
from PIL.Image import Image
from rapidfuzz import fuzz
from rapidfuzz.distance import Levenshtein

from memecap.captioners.base import create
from memecap.core import config
from memecap.core.progress import track
from memecap.decoding.greedy import Greedy
from memecap.pictures.safe_open import open_picture
from memecap.reading.base import Line, Reading
from memecap.reading.engine.preprocess import LOOKS
from memecap.scoring import score
from memecap.text.quotes import quotes

CLASSES = ("tweet", "long", "6-13 words", "short", "english", "none")
READ = ("recall", "precision")
SCORED = ("bleu1", "bleu4", "chrf2", "quoted_recall", "quoted_precision")
MATCHED = 72  # rapidfuzz's partial ratio from which a line counts as a reading of the quotes


@dataclass
class Tally:
    """Counts of one class."""

    pictures: int = 0
    shared: int = 0
    quoted: int = 0
    read: int = 0
    edits: int = 0
    letters: int = 0

    def row(self) -> dict[str, float]:
        return {
            "pictures": self.pictures,
            "recall": round(self.shared / max(self.quoted, 1), 3),
            "precision": round(self.shared / max(self.read, 1), 3),
            "cer_of_matched": round(self.edits / max(self.letters, 1), 3),
        }


@dataclass
class Report:
    tallies: dict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    lines: list[tuple[float, bool]] = field(default_factory=list)  # confidence, right

    def add(self, reference: str, reading: Reading) -> None:
        spans = quotes(reference)
        wanted = Counter(word for span in spans for word in words(span))
        found = Counter(words(reading.text))
        kind = class_of(reference, wanted)
        edits, letters = character_errors(spans, reading)
        names = ["all", kind] + (["russian"] if kind not in ("english", "none") else [])
        for name in names:
            tally = self.tallies[name]
            tally.pictures += 1
            tally.shared += sum((wanted & found).values())
            tally.quoted += sum(wanted.values())
            tally.read += sum(found.values())
            tally.edits += edits
            tally.letters += letters
        if kind not in ("english", "none"):
            self.lines += [(line.confidence, is_right(line, wanted)) for line in reading.lines]

    def calibration(self) -> list[dict[str, float]]:
        """Lines in ten bands of confidence: how many, their mean confidence, the share that is right."""
        bands: dict[int, list[tuple[float, bool]]] = defaultdict(list)
        for confidence, right in self.lines:
            bands[min(int(confidence * 10), 9)].append((confidence, right))
        return [
            {
                "lines": len(band),
                "confidence": round(sum(value for value, _ in band) / len(band), 3),
                "right": round(sum(right for _, right in band) / len(band), 3),
            }
            for _, band in sorted(bands.items())
        ]


def words(text: str) -> list[str]:
    tokens = (token.text.lower().replace("ё", "е") for token in razdel.tokenize(text))
    return [token for token in tokens if any(character.isalnum() for character in token)]


def class_of(reference: str, wanted: Counter[str]) -> str:
    n_words = sum(wanted.values())
    latin = sum(count for word, count in wanted.items() if re.search("[a-z]", word))
    if not n_words:
        return "none"
    if re.search("английск", reference, re.IGNORECASE) or latin > 0.4 * n_words:
        return "english"
    if re.search("твит", reference, re.IGNORECASE):
        return "tweet"
    return "short" if n_words <= 5 else "6-13 words" if n_words <= 13 else "long"


def is_right(line: Line, wanted: Counter[str]) -> bool:
    """Are at least three quarters of a line's words quoted?"""
    found = Counter(words(line.text))
    return sum((found & wanted).values()) >= 0.75 * sum(found.values())


def character_errors(spans: list[str], reading: Reading) -> tuple[int, int]:
    """Edits and letters over the quotes that were read: each against its best-aligned stretch of the reading."""
    edits = letters = 0
    text = plain(reading.text)
    for span in map(plain, spans):
        if not span or not text or fuzz.partial_ratio(span, text) < MATCHED or len(span) > len(text) * 1.3:
            continue
        place = fuzz.partial_ratio_alignment(span, text)
        edits += Levenshtein.distance(span, text[place.dest_start : place.dest_end])
        letters += len(span)
    return edits, letters


def plain(text: str) -> str:
    return " ".join(words(text))


def memes(folder: Path, split: str) -> Iterator[tuple[Path, str]]:
    """Pictures and descriptions of the table `<split>.csv`."""
    for line in (folder / f"{split}.csv").read_text(encoding="utf-8").splitlines()[1:]:
        uid, description = line.split("\t", 1)
        yield folder / "images" / f"{uid}.jpg", description


def quality(arguments: argparse.Namespace) -> None:
    reader = config.build("reading", {"name": arguments.reader})
    rows = list(memes(arguments.memes, arguments.split))[: arguments.pictures]
    report = Report()
    for first in track(range(0, len(rows), 32), "reading"):
        batch = rows[first : first + 32]
        readings = reader.read([open_picture(path) for path, _ in batch])
        for (_, description), reading in zip(batch, readings, strict=True):
            report.add(description, reading)
    print(f"# {reader.version}, {len(rows)} pictures of {arguments.split}")
    for name in ("all", "russian", *CLASSES):
        print(json.dumps({"class": name, **report.tallies[name].row()}))
    for band in report.calibration():
        print(json.dumps(band))


def ablate(arguments: argparse.Namespace) -> None:
    from memecap.reading import tesseract
    from memecap.reading.engine import repair

    rows = list(memes(arguments.memes, arguments.split))[: arguments.pictures]
    passes, rules = tesseract.Tesseract.Config().passes, repair.RULES
    for n_passes in range(1, len(passes) + 1):
        ablated(f"{n_passes} passes: + {passes[n_passes - 1]}", rows, passes=passes[:n_passes])
    for left_out in rules:
        kept = [rule for rule in rules if rule is not left_out]
        tesseract.repair = partial(repair.repair, rules=kept)  # type: ignore[assignment]
        ablated(f"without {left_out.__name__}", rows)
    tesseract.repair = partial(repair.repair, rules=())  # type: ignore[assignment]
    ablated("without any rule but hyphens", rows)


def ablated(title: str, rows: Sequence[tuple[Path, str]], **settings: object) -> None:
    """One line of the ablation: a reader with these settings, and what `template` makes of its readings."""
    reader = config.build("reading", {"name": "tesseract", **settings})
    template = create(config.configure("captioners", "template"), ())
    report, captions = Report(), []
    for first in range(0, len(rows), 32):
        batch = rows[first : first + 32]
        readings = reader.read([open_picture(path) for path, _ in batch])
        captions += [best.text for best, *_ in template.generate(None, readings, Greedy())]
        for (_, description), reading in zip(batch, readings, strict=True):
            report.add(description, reading)
    scores = score.measure(captions, [[description] for _, description in rows]).scores
    read = {f"{name}_{key}": report.tallies[name].row()[key] for name in ("all", "russian") for key in READ}
    print(json.dumps({"reader": title, **read, **{name: round(scores[name], 3) for name in SCORED}}), flush=True)


def speed(arguments: argparse.Namespace) -> None:
    """Seconds a picture, each way in turn and the median of the rounds: ours, and `tesseract` started for each look."""
    rows = list(memes(arguments.memes, arguments.split))[: arguments.pictures or 64]
    images = [open_picture(path) for path, _ in rows]
    os.environ["MEMECAP_CACHE"] = tempfile.mkdtemp(prefix="memecap-bench-")
    frugal = {"OMP_THREAD_LIMIT": "1"}
    ways: dict[str, tuple[int, Callable[[Sequence[Image]], object]]] = {
        "one process at a time": (len(images), partial(read_afresh, processes=1)),
        "two, the default": (len(images), partial(read_afresh, processes=2)),
        "started for each picture and pass": (len(images) // 2, partial(start_for_each, environment=frugal)),
        "the same with Tesseract's own threads": (len(images) // 8, partial(start_for_each, environment={})),
    }
    seconds = defaultdict(list)
    for _ in track(range(arguments.rounds), "rounds"):
        for way, (n, look) in ways.items():
            start = time.perf_counter()
            look(images[:: len(images) // n])
            seconds[way].append((time.perf_counter() - start) / n)
    for way in ways:
        print(json.dumps({"how": way, "seconds_a_picture": round(statistics.median(seconds[way]), 3)}))


def read_afresh(images: Sequence[Image], *, processes: int) -> None:
    reader = config.build("reading", {"name": "tesseract", "processes": processes, "keep": False})
    reader.read(images)


def start_for_each(images: Sequence[Image], *, environment: dict[str, str]) -> None:
    """The same passes as a loop over `tesseract FILE stdout tsv` takes them, the looks saved as PNG."""
    reader = config.build("reading", {"name": "tesseract", "keep": False})
    with tempfile.TemporaryDirectory() as folder:
        for image in images:
            for look in map(reader.look, reader.config.passes):
                file = Path(folder) / "look.png"
                LOOKS[look.look](image)[0].save(file)
                command = ["tesseract", str(file), "stdout", "-l", look.languages, "--psm", str(look.psm), "tsv"]
                subprocess.run(command, capture_output=True, check=True, env={**os.environ, **environment})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("quality", "ablate", "speed"))
    parser.add_argument("--memes", type=Path, default=Path("../shared/data/memes"))
    parser.add_argument("--split", default="val")
    parser.add_argument("--pictures", type=int, default=None, help="only the first so many")
    parser.add_argument("--reader", default="tesseract")
    parser.add_argument("--rounds", type=int, default=3, help="of `speed`")
    arguments = parser.parse_args()
    {"quality": quality, "ablate": ablate, "speed": speed}[arguments.what](arguments)


if __name__ == "__main__":
    main()
