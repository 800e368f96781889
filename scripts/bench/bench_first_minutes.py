"""Two strangers' paths, as the documents tell them, timed: a first caption, and a captioner of one's own.

    python scripts/bench/bench_first_minutes.py [--environment .venv] [--pictures 100] [--home FOLDER]

It clones the repository into an empty folder, paints described pictures and a CSV, and types the first shell block of
README.md, then that of docs/train_your_own.md; a server is stopped when it is ready. With --environment the clone gets
a ready environment (of this package, or of its wheel) for the one that `make setup` would make, which is the part that
waits for the network. Seconds are of the clock and of the processor, children included.
"""

from __future__ import annotations

import argparse
import csv
import os
import random
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from memecap.demo import world
from memecap.demo.painter import paint

ROOT = Path(__file__).parents[2]
READY = "http://127.0.0.1:8000/readyz"


def path_of(document: str) -> list[str]:
    """The lines of a document's first shell block."""
    block = re.search(r"```sh\n(.*?)```", (ROOT / document).read_text(encoding="utf-8"), flags=re.DOTALL)
    if block is None:
        raise SystemExit(f"{document} shows no command")
    return [line.split("  #")[0].strip() for line in block[1].splitlines()]


def paint_own(folder: Path, count: int) -> None:
    """pictures/ and memes.csv."""
    (folder / "pictures").mkdir()
    with (folder / "memes.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["file", "caption"])
        for number, meme in enumerate(world.memes(count, seed=7)):
            paint(meme, random.Random(number)).save(folder / "pictures" / f"{number:04}.jpg", quality=90)
            table.writerow([f"{number:04}.jpg", meme.description])


def typed(command: str, folder: Path) -> int:
    """Run it as a shell does; a server until it answers that it is ready."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    process = subprocess.Popen(["sh", "-c", f"exec {command}"], cwd=folder, env=environment, stdout=subprocess.DEVNULL)
    if " serve" not in command:
        return process.wait()
    while process.poll() is None:
        try:
            with urlopen(READY, timeout=5) as answer:
                if answer.status == 200:
                    process.send_signal(signal.SIGINT)
                    return min(process.wait(), 0)
        except (URLError, OSError):
            time.sleep(0.2)
    return process.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--environment", type=Path, help="a ready environment in place of `make setup`")
    parser.add_argument("--pictures", type=int, default=100)
    parser.add_argument("--home", type=Path, help="an empty folder; a temporary one when not given")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        clone = (given.home or Path(temporary)) / "memecap"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        paint_own(clone, given.pictures)
        if given.environment:
            (clone / ".venv").symlink_to(given.environment.resolve())
        failed = False
        for document in ("README.md", "docs/train_your_own.md"):
            print(f"\n{document}\n{'clock s':>8} {'cpu s':>8}  command")
            for command in path_of(document):
                if command == "make setup" and given.environment:
                    continue
                before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
                code = typed(command, clone)
                after, clock = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic() - started
                cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
                print(f"{clock:8.1f} {cpu:8.1f}  {command}{f'  EXIT CODE {code}' if code else ''}", flush=True)
                failed |= bool(code)
    sys.exit(failed)


if __name__ == "__main__":
    main()
