"""Fit the weights of memecap/reading/engine/confidence.py on training memes and print them.

    python scripts/bench/fit_confidence.py --memes ../shared/data/memes

Raw passes come from the reader's store, or are made (about half a second of one core a picture and pass).
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

import numpy as np
from bench_reading import class_of, memes, words

from memecap.core import config
from memecap.core.progress import track
from memecap.pictures.safe_open import open_picture
from memecap.reading.engine.confidence import features
from memecap.reading.engine.words import LATIN
from memecap.text.quotes import quotes


def examples(folder: Path, split: str, n_pictures: int | None) -> tuple[list[dict[str, float]], list[bool]]:
    """The features of each row of the split's memes, and whether the row is right."""
    reader = config.build("reading", "tesseract")
    counted: list[dict[str, float]] = []
    right: list[bool] = []
    rows = list(memes(folder, split))[:n_pictures]
    for first in track(range(0, len(rows), 32), "rows"):
        batch = rows[first : first + 32]
        images = [open_picture(path) for path, _ in batch]
        for (_, description), image, (page, n_passes) in zip(batch, images, reader.pages(images), strict=True):
            wanted = Counter(word for span in quotes(description) for word in words(span))
            if class_of(description, wanted) == "english" and not any(LATIN.search(word) for word in wanted):
                continue  # the text stands there in translation
            for row in page:
                found = Counter(words(" ".join(seen.word.text for seen in row)))
                if found:
                    counted.append(features(row, page, picture_height=image.height, n_passes=n_passes))
                    right.append(sum((found & wanted).values()) >= 0.75 * sum(found.values()))
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
    parser.add_argument("--pictures", type=int, default=None, help="only the first so many training memes")
    arguments = parser.parse_args()
    counted, right = examples(arguments.memes, "train", arguments.pictures)
    names = list(counted[0])
    weights = fit(np.array([[row[name] for name in names] for row in counted]), np.array(right, dtype=float))
    print(f"# {len(right)} rows, {np.mean(right):.3f} of them right")
    for name, weight in zip(names, weights, strict=True):
        print(f'    "{name}": {weight:.3f},')


if __name__ == "__main__":
    main()
