"""Line slots: the quotes of a caption as marks of the lines that were read, and back.

In: a human's caption and a reading. Out: pieces, where a text is the scene, a number is the line of the reading that
stands in the quote there, `UNREAD` a quote that nobody read, `USER` the name of a tweet's author. A run of numbers is
one quoted span, so quotes are balanced by construction and a quoted span can only come from the reading.

A line belongs to the quote in which it is found almost whole (rapidfuzz's partial ratio), longer finds first.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz

from memecap.quoting.matching import spoken
from memecap.quoting.quote import Quote
from memecap.quoting.tweet import find_tweet
from memecap.reading.base import Reading
from memecap.text.quotes import spans, unmarked

UNREAD = -1
USER = -2
Piece = str | int

MIN_COVERED = 0.35  # of a quote's letters: below it the quote was not read
MOST_SHARED = 0.4  # of a find's letters with a better find


@dataclass(frozen=True, slots=True)
class _Find:
    """A line found in a quote, from `start` to `end` of the quote's letters."""

    line: int
    quote: int
    start: int
    end: int
    score: float

    def shares(self, other: _Find) -> bool:
        shared = min(self.end, other.end) - max(self.start, other.start)
        return self.quote == other.quote and shared > MOST_SHARED * (self.end - self.start)


def to_pieces(caption: str, reading: Reading | None, *, min_similarity: float = 72.0) -> list[Piece]:
    """A caption with its quotes as slots; `min_similarity` (0..100) is the ratio from which a line is found."""
    lines = [bare(line.said) for line in reading.lines] if reading else []
    user = _user(reading)
    quoted = spans(caption)
    quotes = [bare(caption[span.start : span.end]) for span in quoted]
    found = _best_finds(lines, quotes, min_similarity)
    pieces: list[Piece] = []
    after = 0
    for number, span in enumerate(quoted):
        pieces += _scene(caption[after : span.opened], user)
        inside = sorted((find for find in found if find.quote == number), key=lambda find: find.start)
        covered = sum(find.end - find.start for find in inside)
        is_read = covered >= MIN_COVERED * max(1, len(quotes[number]))
        pieces += [find.line for find in inside] if is_read else [UNREAD]
        after = span.closed
    return pieces + _scene(caption[after:], user)


def to_caption(pieces: Sequence[Piece], reading: Reading | None) -> tuple[str, tuple[Quote, ...]]:
    """The text for people, and its quotes with the boxes of their lines; slots without a line are left out."""
    lines = reading.lines if reading else ()
    user = _user(reading)
    said = {UNREAD: "", USER: f" {user}" if user else ""}
    scene, quotes = [""], []
    for in_quote, run in itertools.groupby(pieces, key=lambda piece: isinstance(piece, int) and piece >= 0):
        if not in_quote:
            scene[-1] += "".join(said[piece] if isinstance(piece, int) else piece for piece in run)
        else:
            quoted = [lines[piece] for piece in run if isinstance(piece, int) and piece < len(lines)]
            if quoted:
                quotes.append(Quote.of(" ".join(spoken(line.said) for line in quoted), quoted))
                scene.append("")
    return _join(scene, quotes), tuple(quotes)


def _join(scene: Sequence[str], quotes: Sequence[Quote]) -> str:
    """Scene and quotes in turn, with a capital letter at the beginning of each sentence of the scene."""
    text, ended = "", True
    for number, words in enumerate(scene):
        words = re.sub(r"\s+([.,;:!?])", r"\1", " ".join(words.split()))
        first = next((i for i, letter in enumerate(words) if letter.isalnum()), None)
        if ended and first is not None:
            words = words[:first] + words[first].upper() + words[first + 1 :]
        words = re.sub(r"(?<=[.!?] )\w", lambda letter: letter[0].upper(), words)
        gap = " " if text and words and words[0].isalnum() else ""
        text += gap + words
        ended = words.endswith((".", "!", "?")) if words else ended
        if number < len(quotes):
            text += f'{" " if text else ""}"{quotes[number].text}"'
            ended = False
    return text.strip()


def bare(text: str) -> str:
    """Lower-case words without punctuation, ё as е."""
    return " ".join(re.findall(r"\w+", text.lower().replace("ё", "е")))


def _user(reading: Reading | None) -> str:
    """The author of the tweet that was read, "" where there is none."""
    tweet = find_tweet(reading.lines, reading.height) if reading else None
    return tweet.user if tweet else ""


def _best_finds(lines: Sequence[str], quotes: Sequence[str], min_similarity: float) -> list[_Find]:
    candidates = [
        find
        for line, words in enumerate(lines)
        for number, quote in enumerate(quotes)
        if (find := _find(line, words, number, quote, min_similarity))
    ]
    chosen: list[_Find] = []
    for find in sorted(candidates, key=lambda find: (-find.score * (find.end - find.start), find.line)):
        if not any(find.line == other.line or find.shares(other) for other in chosen):
            chosen.append(find)
    return chosen


def _find(line: int, words: str, number: int, quote: str, min_similarity: float) -> _Find | None:
    if len(words) < 2 or not quote:
        return None
    if len(words) <= len(quote):
        place = fuzz.partial_ratio_alignment(words, quote, score_cutoff=min_similarity)
        return _Find(line, number, place.dest_start, place.dest_end, place.score) if place else None
    score = fuzz.ratio(words, quote, score_cutoff=min_similarity)
    return _Find(line, number, 0, len(quote), score) if score else None


def _scene(text: str, user: str) -> list[Piece]:
    """Lower-case text without quotation marks; the tweet's author becomes `USER`."""
    text = unmarked(text).lower()
    before, name, after = text.partition(user.lower()) if user else (text, "", "")
    return [before, USER, after] if name else [text]
