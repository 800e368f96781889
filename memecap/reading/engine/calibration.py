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

#: lines that our recogniser read: `auto` without Tesseract, `rapidocr`; also for `eslav`, not fitted apart
OURS: Weights = {
    "constant": -1.253,
    "confidence": 0.634,
    "min_confidence": 0.416,
    "letters": 0.225,
    "longest_word": -0.277,
    "known": 2.918,
    "votes": -1.253,
    "latin": 0.922,
    "height": 0.579,
    "like_others": 0.116,
}

#: lines that Tesseract read, one by one
CROPS: Weights = {
    "constant": -1.062,
    "confidence": 0.194,
    "min_confidence": 0.924,
    "letters": 0.746,
    "longest_word": -0.221,
    "known": 2.114,
    "votes": -1.062,
    "latin": -0.129,
    "height": 0.625,
    "like_others": -0.056,
}

#: `auto` where Tesseract is installed
MERGED: Weights = {
    "constant": -2.065,
    "confidence": 0.122,
    "min_confidence": 1.085,
    "letters": 0.964,
    "longest_word": -0.407,
    "known": 1.454,
    "votes": 0.868,
    "latin": -0.293,
    "height": 0.850,
    "like_others": -0.075,
    "found": 0.061,
}
