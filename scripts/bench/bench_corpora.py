"""How fast corpora are built, how fast near-duplicates are found, and how much memory a million rows need.

python scripts/bench/bench_corpora.py [--rows 1000000] [--pictures 1000]

Everything is made up on the spot, so it runs anywhere. Each line of the table is one run in a process of its own: wall
seconds, CPU seconds, peak memory of the process. Nothing else should run beside it.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

WORDS = ("человек", "в", "красной", "куртке", "стоит", "на", "улице", "рядом", "с", "большой", "собакой", "мужчина")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows of the large corpus")
    parser.add_argument("--pictures", type=int, default=1_000, help="pictures of the corpus with pictures")
    parser.add_argument("--one", nargs="*", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        name, size = arguments.one
        measure(RUNS[name], int(size))
        return
    print("| run | n | seconds | CPU seconds | peak memory, MB |\n|---|--:|--:|--:|--:|")
    for name, size in [
        ("captions", 31_014),
        ("hashes", 100_000),
        ("pictures", arguments.pictures),
        *((name, size) for name in ("rows", "check") for size in (10_000, 100_000, arguments.rows)),
    ]:
        command = [sys.executable, __file__, "--one", name, str(size)]
        done = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        print(f"| {name} | {size:,} | {done['seconds']:.2f} | {done['cpu']:.2f} | {done['mb']:.0f} |", flush=True)


def measure(prepare: Callable[[Path, int], Callable[[], object]], size: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        run = prepare(Path(folder), size)
        wall, cpu = time.perf_counter(), time.process_time()
        run()
        seconds, busy = time.perf_counter() - wall, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "cpu": busy, "mb": peak}))


def captions(folder: Path, n_pictures: int) -> Callable[[], object]:
    """A token file of Flickr30k's size, five captions a picture, with lists of its splits → a corpus."""
    from memecap.corpora.build.build import build
    from memecap.corpora.flickr30k import Flickr30k, Settings

    rng = np.random.default_rng(0)
    with (folder / "results.token").open("w", encoding="utf-8") as file:
        for number in range(n_pictures):
            for caption in range(5):
                file.write(f"{number}.jpg#{caption}\t{' '.join(rng.choice(WORDS, 12))} {caption}\n")
    bounds = {"train": range(n_pictures - 2014), "val": range(n_pictures - 2014, n_pictures - 1000)}
    bounds["test"] = range(n_pictures - 1000, n_pictures)
    for split, numbers in bounds.items():
        (folder / f"{split}_images.txt").write_text("".join(f"{number}.jpg\n" for number in numbers))
    settings = Settings(source=folder / "results.token", split_lists=folder)
    return lambda: build(Flickr30k(settings), folder / "flickr30k")


def hashes(folder: Path, n: int) -> Callable[[], object]:
    """Random hashes of four views of each picture, a tenth of them near another one's → pairs to be compared."""
    from memecap.corpora.duplicates.hash_neighbours import near_views
    from memecap.corpora.duplicates.near_duplicates import RADIUS

    rng = np.random.default_rng(0)
    both = rng.integers(0, 2**64, (2, n, 4), dtype=np.uint64)
    both[:, : n // 10] = both[:, n // 10 : 2 * (n // 10)] ^ np.uint64(0b1001)
    return lambda: [near_views(views, RADIUS) for views in both]


def pictures(folder: Path, n: int) -> Callable[[], object]:
    """JPEG pictures of 800 × 600 with a table → a corpus: decoded, hashed, grouped, copied."""
    from PIL import Image

    from memecap.corpora.build.build import build
    from memecap.corpora.memes import Memes, Settings

    (folder / "images").mkdir()
    for number in range(n):
        squares = np.random.default_rng(number).integers(0, 256, (12, 16, 3), dtype=np.uint8)
        picture = Image.fromarray(squares).resize((800, 600), Image.Resampling.BICUBIC)
        picture.save(folder / "images" / f"{number}.jpg", quality=85)
    lines = "".join(f"{number}\tмем {number}\n" for number in range(n))
    (folder / "train.csv").write_text("uid\ttext\n" + lines, encoding="utf-8")
    return lambda: build(Memes(Settings(source=folder)), folder / "memes")


def rows(folder: Path, n: int) -> Callable[[], object]:
    """A table of so many captions, a row each → a corpus, split by hash."""
    from memecap.corpora.build.build import build
    from memecap.corpora.table import Settings, Table

    with (folder / "t.tsv").open("w", encoding="utf-8") as file:
        file.write("image_id\tcaption\n")
        for number in range(n):
            file.write(f"{number}\tчеловек в красной куртке стоит на улице рядом с большой собакой {number}\n")
    return lambda: build(Table(Settings(source=folder / "t.tsv")), folder / "table")


def check(folder: Path, n: int) -> Callable[[], object]:
    """A corpus of so many rows, a caption each → a report."""
    from memecap.core import manifest, storage
    from memecap.core.manifest import Row
    from memecap.corpora.tools.check import check as check_corpora

    records = (
        Row(
            captions=(f"человек в красной куртке стоит на улице рядом с большой собакой {number}",),
            image_id=f"{number:064}",
            group_id=f"{number:064}",
            corpus="c",
            split="train",
        ).to_json()
        for number in range(n)
    )
    manifest.finish(
        folder / "c", "c", {"train": storage.write_jsonl(folder / "c" / "train" / "metadata.jsonl", records)}
    )
    return lambda: check_corpora([folder / "c"])


RUNS = {"captions": captions, "hashes": hashes, "pictures": pictures, "rows": rows, "check": check}

if __name__ == "__main__":
    main()
