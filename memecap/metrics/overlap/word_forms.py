"""Forms of a word under which two words count as the same: its Snowball stem, a Russian one's pymorphy3 lemma."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Any

from memecap.reading.engine.words import morphology


@lru_cache(maxsize=200_000)
def stem(word: str, language: str = "russian") -> str:
    """The Snowball stem of the word in lower case."""
    stemmed: str = _stemmer(language).stem(word.lower())
    return stemmed


@lru_cache(maxsize=200_000)
def lemma(word: str) -> str:
    """The dictionary form of the word's likeliest reading."""
    normal: str = morphology().parse(word.lower())[0].normal_form
    return normal.replace("ё", "е")


@cache
def _stemmer(language: str) -> Any:
    from nltk.stem.snowball import SnowballStemmer

    return SnowballStemmer(language)
