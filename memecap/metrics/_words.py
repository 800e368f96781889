"""Forms of a Russian word under which two words count as the same: its Snowball stem, its pymorphy3 lemma."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Any


@lru_cache(maxsize=200_000)
def stem(word: str) -> str:
    """The Snowball stem of the word in lower case."""
    stemmed: str = _stemmer().stem(word.lower())
    return stemmed


@lru_cache(maxsize=200_000)
def lemma(word: str) -> str:
    """The dictionary form of the word's likeliest reading."""
    normal: str = _morphology().parse(word.lower())[0].normal_form
    return normal.replace("ё", "е")


@cache
def _stemmer() -> Any:
    from nltk.stem.snowball import SnowballStemmer

    return SnowballStemmer("russian")


@cache
def _morphology() -> Any:
    from pymorphy3 import MorphAnalyzer

    return MorphAnalyzer()
