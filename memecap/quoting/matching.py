"""Quoted spans of a caption, each matched back to the lines that were read, for their boxes and confidence.

In: a caption, a `Reading`. Out: `Quote`s in the caption's order.
"""

from __future__ import annotations

import re

from rapidfuzz import fuzz

from memecap.quoting.quote import Quote
from memecap.reading.base import Reading
from memecap.text.clean import clean
from memecap.text.quotes import quotable, quotes

MIN_SIMILARITY = 80.0  # of 100: a line and its place in the quote; lower joins lines of other panels


def find(caption: str, reading: Reading | None) -> tuple[Quote, ...]:
    """Every quote that the grammar sees; one made of several lines gets their common box."""
    return tuple(_match(words, reading) for words in quotes(clean(caption)))


def spoken(text: str, *, lower_capitals: bool = True) -> str:
    """A line as a description quotes it: CAPITALS in lower case, no quotation marks that would end the quote."""
    text = quotable(clean(text))
    letters = [character for character in text if character.isalpha()]
    is_capitals = len(letters) > 1 and sum(letter.isupper() for letter in letters) > 0.7 * len(letters)
    return text.lower() if lower_capitals and is_capitals else text


def _match(span: str, reading: Reading | None) -> Quote:
    lines = [line for line in (reading.lines if reading else ()) if _is_in(span, line.said)]
    return Quote.of(span, lines) if lines else Quote(span)


def _is_in(span: str, line: str) -> bool:
    """The shorter of the two stands in the longer; a line of one or two letters must stand there as a word."""
    span, line = span.casefold().replace("ё", "е"), line.casefold().replace("ё", "е").strip()
    if len(line) <= 2:
        return line in re.findall(r"\w+", span)
    return fuzz.partial_ratio(span, line) >= MIN_SIMILARITY
