"""Counts of n-grams of words or characters, and how many two texts share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence


def ngrams(items: Sequence[str], n: int) -> Counter[Hashable]:
    """How often each run of n items occurs; the items are words (a list) or characters (a string)."""
    if isinstance(items, str):
        return Counter(items[i : i + n] for i in range(len(items) - n + 1))
    return Counter(zip(*(items[i:] for i in range(n)), strict=False))


def shared(a: Counter[Hashable], b: Counter[Hashable]) -> int:
    """The size of the intersection, each n-gram as often as it occurs in both."""
    if len(a) > len(b):
        a, b = b, a
    return sum(min(count, b[gram]) for gram, count in a.items() if gram in b)


def nearest(length: int, references: Sequence[Sequence[str]]) -> int:
    """Of the references' lengths the one nearest to this; the shorter of two as near."""
    return min(map(len, references), key=lambda other: (abs(other - length), other))


def loops(text: str) -> bool:
    """Whether some four words of the text, which are parted by spaces, stand in it twice."""
    return any(count > 1 for count in ngrams(text.split(), 4).values())
