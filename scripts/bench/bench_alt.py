"""Pictures of a split by a fixed seed: what the template says of each, and the same as alt text, for a careful reader.

    python scripts/bench/bench_alt.py data/corpora/memes --n 30 > alt30.md

Out: markdown with the picture's path, its description before and after; then, over the whole split, the shares of
descriptions that have each property of `memecap score --alt`. Readings are the stored ones, the newest.
"""

from __future__ import annotations

import argparse
import random
from pathlib import Path

from memecap.core.manifest import open_corpus
from memecap.metrics.alt import Alt
from memecap.quoting import alt, template
from memecap.reading.stored.readings import load_readings


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--split", default="val")
    parser.add_argument("--n", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    corpus, readings = open_corpus(given.corpus), load_readings(given.corpus)
    rows = {row.file_name: row for row in corpus.rows(given.split)}
    for number, name in enumerate(random.Random(given.seed).sample(sorted(rows), given.n), 1):
        reading = readings.get(rows[name].image_id)
        print(f"{number}. {corpus.image_path(rows[name]) or name}")
        print(f"   - before: {template.describe(reading)[0]}")
        print(f"   - after: {alt.describe(reading)[0]}")
    metric = Alt()
    told = [readings.get(row.image_id) for row in rows.values()]
    references = [row.captions for row in rows.values()]
    plain = metric.statistics([template.describe(reading)[0] for reading in told], references).sum(axis=0)
    heard = metric.statistics([alt.describe(reading)[0] for reading in told], references).sum(axis=0)
    print("\n| property | before | after |\n|---|---:|---:|")
    for name, before, after in zip(
        metric.scores(plain), metric.scores(plain).values(), metric.scores(heard).values(), strict=True
    ):
        print(f"| {name} | {before:.3f} | {after:.3f} |")


if __name__ == "__main__":
    main()
