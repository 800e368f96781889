"""Seconds and memory of every metric that needs no model: python scripts/bench/bench_scoring.py [--rows 100000]

Captions and references are 40 made-up words drawn by Zipf's law, half of them quoted. Three questions, each in a
process of its own: how long all metrics of `ru-words` take with 1,000 resamples of intervals and of a comparison, for
546 rows and two systems; whether twice the rows take twice the time; how much memory 100,000 rows of `memecap score`
take.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SYLLABLES = ["ко", "та", "не", "ли", "ро", "са", "ми", "ву", "де", "по", "же", "на"]
WORDS = ["".join(syllables) for length in (1, 2, 3) for syllables in itertools.product(SYLLABLES, repeat=length)]
FREQUENCIES = list(itertools.accumulate(1 / rank for rank in range(1, len(WORDS) + 1)))  # Zipf's law


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000, help="rows of the question of memory")
    parser.add_argument("--only", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.only:
        print(json.dumps(QUESTIONS[arguments.only[0]](int(arguments.only[1]))))
        return
    found = ask("evaluation", 546)
    print(f"546 rows, two systems, {found['scores']} scores, 1,000 resamples: {spent(found)}", flush=True)
    for rows in (500, 1000, 2000):
        print(f"{rows:,} rows, all metrics: {1e3 * ask('system', rows)['cpu'] / rows:.2f} ms of CPU a row", flush=True)
    found = ask("command", arguments.rows)
    print(f"memecap score, {arguments.rows:,} rows: {spent(found)}, peak memory {found['gigabytes']:.2f} GB")


def spent(found: dict[str, float]) -> str:
    return f"{found['seconds']:.1f} s, {found['cpu']:.1f} s of CPU"


def ask(question: str, rows: int) -> dict[str, float]:
    answer = subprocess.run(
        [sys.executable, __file__, "--only", question, str(rows)], check=True, capture_output=True, text=True
    )
    found: dict[str, float] = json.loads(answer.stdout)
    return found


def evaluation(rows: int) -> dict[str, float]:
    """All metrics of two systems, their intervals, and their comparison."""
    from memecap.scoring import score as scoring
    from memecap.scoring import significance

    references = [[text] for text in texts(rows, 0)]
    captions = [texts(rows, seed) for seed in (1, 2)]
    start, cpu = time.perf_counter(), time.process_time()
    one, two = (scoring.measure(one, references, every=True) for one in captions)
    significance.intervals(one)
    significance.intervals(two)
    significance.compare(one, two)
    return {"seconds": time.perf_counter() - start, "cpu": time.process_time() - cpu, "scores": len(one.scores)}


def system(rows: int) -> dict[str, float]:
    """All metrics of one system, dictionaries warm."""
    from memecap.scoring import score as scoring

    captions, references = texts(rows, 1), [[text] for text in texts(rows, 0)]
    scoring.measure(captions[:20], references[:20], every=True)
    cpu = time.process_time()
    scoring.measure(captions, references, every=True)
    return {"cpu": time.process_time() - cpu}


def command(rows: int) -> dict[str, float]:
    """`memecap score` on a file, as a person runs it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "captions.jsonl")
        with path.open("w", encoding="utf-8") as file:
            for caption, reference in zip(texts(rows, 1), texts(rows, 0), strict=True):
                file.write(json.dumps({"caption": caption, "references": [reference]}, ensure_ascii=False) + "\n")
        start = time.perf_counter()
        subprocess.run([sys.executable, "-m", "memecap", "score", str(path)], check=True, stdout=subprocess.DEVNULL)
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = used.ru_utime + used.ru_stime
        return {"seconds": time.perf_counter() - start, "cpu": cpu, "gigabytes": used.ru_maxrss / 1e6}


def texts(n: int, seed: int) -> list[str]:
    draw = random.Random(seed)

    def words(k: int) -> str:
        return " ".join(draw.choices(WORDS, cum_weights=FREQUENCIES, k=k))

    return [f'{words(20)}: "{words(20)}"' for _ in range(n)]


QUESTIONS = {"evaluation": evaluation, "system": system, "command": command}

if __name__ == "__main__":
    main()
