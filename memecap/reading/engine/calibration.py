"""How much each thing that is counted of a row says about its being right: weights in the log-odds, by reader.

`scripts/bench/fit_confidence.py` fits them on training memes; see `confidence.py` for what the features are.
"""

from __future__ import annotations

from collections.abc import Mapping

Weights = Mapping[str, float]

#: `tesseract` with its five passes
TESSERACT: Weights = {
    "constant": -3.479,
    "confidence": 0.346,
    "min_confidence": 0.421,
    "letters": 0.310,
    "longest_word": 0.699,
    "known": 2.300,
    "votes": 1.326,
    "latin": -0.537,
    "height": 0.498,
    "like_others": -0.169,
}

#: `rapidocr`, whatever recogniser
LINES: Weights = TESSERACT

#: `auto` where Tesseract is installed
MERGED: Weights = TESSERACT
