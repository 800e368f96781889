"""Pictures of a split by a fixed seed: what the template says of each, and the same as alt text, for a careful reader.

    python scripts/bench/bench_alt.py data/corpora/memes --n 30 > alt30.md

Out: markdown with the picture's path, its description before and after. Readings are the stored ones, the newest.
"""

from __future__ import annotations

import argparse
import random
from pathlib import Path

from memecap.core.manifest import open_corpus
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


if __name__ == "__main__":
    main()
