"""Fit the weights of memecap/reading/engine/calibration.py on training memes and print them, a table for each reader.

    python scripts/bench/fit_confidence.py --memes ../shared/data/memes --reader tesseract
    python scripts/bench/fit_confidence.py --reader auto --pictures 300
    python scripts/bench/fit_confidence.py --reader auto --set tesseract=false --pictures 300

Raw words come from the reader's store, or are made. Right means: at least three quarters of the row's words stand in
the quotes of the picture's description. Memes whose English text the description translates are left out.
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from bench_reading import class_of, memes, words

from memecap.core import config
from memecap.core.progress import track
from memecap.pictures.safe_open import open_picture
from memecap.reading.engine.words import LATIN
from memecap.text.quotes import quotes

BATCH = 16


def examples(reader: Any, rows: list[tuple[Path, str]]) -> tuple[list[dict[str, float]], list[bool]]:
    """The features of each row of the memes, and whether the row is right."""
    counted: list[dict[str, float]] = []
    right: list[bool] = []
    for first in track(range(0, len(rows), BATCH), "rows"):
        batch = rows[first : first + BATCH]
        pages = reader.pages([open_picture(path) for path, _ in batch])
        for (_, description), page in zip(batch, pages, strict=True):
            wanted = Counter(word for span in quotes(description) for word in words(span))
            if class_of(description, wanted) == "english" and not any(LATIN.search(word) for word in wanted):
                continue  # the text stands there in translation
            found = page.rows()
            for row, features in zip(found, page.counted(found), strict=True):
                told = Counter(words(" ".join(seen.word.text for seen in row)))
                if told:
                    counted.append(features)
                    right.append(sum((told & wanted).values()) >= 0.75 * sum(told.values()))
    return counted, right


def fit(inputs: np.ndarray, targets: np.ndarray, ridge: float = 1.0) -> np.ndarray:
    """Logistic regression by Newton's method."""
    weights = np.zeros(inputs.shape[1])
    for _ in range(30):
        chances = 1 / (1 + np.exp(-inputs @ weights))
        slope = inputs.T @ (targets - chances) - ridge * weights
        bend = (inputs.T * (chances * (1 - chances))) @ inputs + ridge * np.eye(len(weights))
        weights += np.linalg.solve(bend, slope)
    return weights


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--memes", type=Path, default=Path("../shared/data/memes"))
    parser.add_argument("--reader", default="tesseract")
    parser.add_argument("--set", action="append", default=[], help="a setting of the reader, key=value")
    parser.add_argument("--pictures", type=int, default=None, help="so many of the training memes, evenly chosen")
    arguments = parser.parse_args()
    settings = {key: yaml.safe_load(value) for key, value in (pair.split("=", 1) for pair in arguments.set)}
    reader = config.build("reading", {"name": arguments.reader, **settings})
    rows = list(memes(arguments.memes, "train"))
    if arguments.pictures:
        rows = [rows[number * len(rows) // arguments.pictures] for number in range(arguments.pictures)]
    counted, right = examples(reader, rows)
    names = [name for name in counted[0] if any(row[name] for row in counted)]
    weights = fit(np.array([[row[name] for name in names] for row in counted]), np.array(right, dtype=float))
    print(f"# {reader.version}: {len(right)} rows, {np.mean(right):.3f} of them right")
    for name, weight in zip(names, weights, strict=True):
        print(f'    "{name}": {weight:.3f},')


if __name__ == "__main__":
    main()
