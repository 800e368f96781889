"""Seconds and memory of every metric that needs no model: python scripts/bench/bench_scoring.py [rows] [--main]

Captions and references are drawn from a small grammar, about 40 words each; 1,000 resamples of intervals and of a
comparison.
"""

from __future__ import annotations

import argparse
import random
import resource
import time

from memecap import scoring, significance

WORDS = ["кот", "пёс", "человек", "надпись", "сверху", "на", "и", "в", "что", "сидит", "лежит", "белый", "мем"]


def texts(n: int, seed: int) -> list[str]:
    draw = random.Random(seed)
    return [" ".join(draw.choices(WORDS, k=30)) + ': "' + " ".join(draw.choices(WORDS, k=10)) + '"' for _ in range(n)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", nargs="?", type=int, default=546)
    parser.add_argument("--main", action="store_true", help="only the main metrics of ru-words")
    arguments = parser.parse_args()
    references = [[text] for text in texts(arguments.rows, 0)]
    start, cpu = time.perf_counter(), time.process_time()
    one, two = (scoring.measure(texts(arguments.rows, s), references, every=not arguments.main) for s in (1, 2))
    middle, middle_cpu = time.perf_counter(), time.process_time()
    significance.intervals(one)
    significance.compare(one, two)
    end, end_cpu = time.perf_counter(), time.process_time()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"{arguments.rows} rows, {len(one.scores)} scores")
    print(f"a system      {(middle - start) / 2:8.1f} s, {(middle_cpu - cpu) / 2:8.1f} s of CPU")
    print(f"1,000 resamples, intervals and comparison {end - middle:.1f} s, {end_cpu - middle_cpu:.1f} s of CPU")
    print(f"peak memory   {peak:8.2f} GiB")


if __name__ == "__main__":
    main()
