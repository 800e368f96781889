"""Raw words of several passes → rows of words: every place of the picture read by the pass that read it best.

In: for each pass, words with boxes in the pixels of one and the same picture. Out: rows, from top to bottom.
A row's score is the sum over its words of length × confidence × how much a word it is (`plausibility`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from memecap.reading.base import Box
from memecap.reading.engine.passes import Word
from memecap.reading.engine.words import bare, plausibility

MIN_CONFIDENCE = 0.2  # below it Tesseract sees letters in leaves and faces
MIN_HEIGHT = 5  # pixels
# These were set by hand and measured together, as recall and precision of whole readings, never one by one (see
# DECISIONS.md, "Which passes read a meme"); `scripts/bench/bench_reading.py` says what another value does.
TAKEN = 0.25  # share of the smaller box: more of it on an accepted word, and the place has been read
OWN = 0.6  # the same, of a word that the same pass saw
MIN_WORD_SCORE = 1.8  # of a word that stays without its row: that of two letters, known and nine tenths sure
SAME_PLACE = 0.55  # of the area of both boxes together: two readings of one word
VOTE = 0.5  # share of the smaller box: a pass that saw the same word there
# Neighbours in a row share so much of the lower one's height; the higher one is at most so many times higher; between
# them is a gap, or an overlap, of at most so many heights of the higher one.
MIN_SHARED, MAX_HEIGHTS, MAX_GAP, MAX_OVERLAP = 0.5, 2.6, 1.6, 0.5
BAND = 32  # pixels: the height of a line of small text


@dataclass(frozen=True, slots=True)
class Seen:
    """A word, the pass it comes from, and how many passes saw it there."""

    word: Word
    source: int
    votes: int = 1
    found: bool = False  # on a line that the detector found


Row = list[Seen]


def merge(looks: Sequence[Sequence[Word]], crops: Sequence[Sequence[Word]] = ()) -> list[Row]:
    """The rows of a picture, each word once: of passes over all of it, and of passes over the lines found on it."""
    passes = [*looks, *crops]
    rows = [
        row
        for source, words in enumerate(passes)
        for row in into_rows(Seen(word, source, found=source >= len(looks)) for word in words if is_sane(word))
    ]
    accepted: list[Seen] = []
    taken = [Places() for _ in passes]
    for row in sorted(rows, key=row_score, reverse=True):
        free = [seen for seen in row if not _is_taken(seen, taken)]
        kept = free if len(free) == len(row) else [seen for seen in free if word_score(seen.word) > MIN_WORD_SCORE]
        accepted.extend(kept)
        for seen in kept:
            taken[seen.source].add([seen.word])
    places = [Places(words) for words in passes]
    return into_rows(elect(seen, places) for seen in accepted)


def _is_taken(seen: Seen, taken: Sequence[Places]) -> bool:
    """Has the place of a word been read? Lines of one pass may overlap, where they lean."""
    box = seen.word.box
    return any(
        overlap(box, other.box) > (OWN if source == seen.source else TAKEN)
        for source, places in enumerate(taken)
        for other in places.near(box)
    )


class Places:
    """Words by their height on the picture: a page has thousands, and each meets only its neighbours."""

    def __init__(self, words: Iterable[Word] = ()) -> None:
        self._words: list[Word] = []
        self._bands: defaultdict[int, list[int]] = defaultdict(list)
        self.add(words)

    def add(self, words: Iterable[Word]) -> None:
        for word in words:
            for band in _bands(word.box):
                self._bands[band].append(len(self._words))
            self._words.append(word)

    def near(self, box: Box) -> list[Word]:
        """The words that may touch a box, in the order in which they came."""
        return [self._words[i] for i in sorted({i for band in _bands(box) for i in self._bands.get(band, ())})]


def _bands(box: Box) -> range:
    return range(box[1] // BAND, box[3] // BAND + 1)


def is_sane(word: Word) -> bool:
    """Not dust: some confidence, some letters or digits, a box of a letter's shape."""
    left, top, right, bottom = word.box
    return (
        word.confidence >= MIN_CONFIDENCE
        and any(character.isalnum() for character in word.text)
        and right > left
        and bottom - top >= MIN_HEIGHT
    )


def into_rows(words: Iterable[Seen]) -> list[Row]:
    """Words that stand side by side at one height, joined from left to right."""
    rows: list[Row] = []
    for seen in sorted(words, key=lambda seen: seen.word.box[0]):
        home = min(
            (row for row in rows if follows(row[-1].word.box, seen.word.box)),
            key=lambda row: abs(middle(row[-1].word.box) - middle(seen.word.box)),
            default=None,
        )
        if home is None:
            rows.append(home := [])
        home.append(seen)
    return sorted(rows, key=lambda row: row[0].word.box[1])


def follows(before: Box, after: Box) -> bool:
    """Does `after` go on with the row that `before` ends?"""
    heights = before[3] - before[1], after[3] - after[1]
    shared = min(before[3], after[3]) - max(before[1], after[1])
    gap = after[0] - before[2]
    return (
        shared > MIN_SHARED * min(heights)
        and max(heights) < MAX_HEIGHTS * min(heights)
        and -MAX_OVERLAP * max(heights) < gap < MAX_GAP * max(heights)
    )


def middle(box: Box) -> float:
    return (box[1] + box[3]) / 2


def overlap(first: Box, second: Box) -> float:
    """The shared area as a share of the smaller box."""
    shared = _shared(first, second)
    return shared / max(min(_area(first), _area(second)), 1) if shared else 0.0


def elect(seen: Seen, passes: Sequence[Places]) -> Seen:
    """The spelling of a word that the passes together are surest of, and how many passes saw it."""
    support: dict[str, float] = {}
    best: dict[str, Word] = {}
    neighbours = [places.near(seen.word.box) for places in passes]
    for words in neighbours:
        for word in words:
            if similarity(word.box, seen.word.box) > SAME_PLACE:
                spelling = bare(word.text)
                support[spelling] = support.get(spelling, 0) + word.confidence * plausibility(word.text)
                if spelling not in best or word.confidence > best[spelling].confidence:
                    best[spelling] = word
    own = bare(seen.word.text)
    chosen = max(support, key=lambda spelling: (support[spelling], spelling == own), default=own)
    votes = sum(
        any(bare(word.text) == chosen and overlap(word.box, seen.word.box) > VOTE for word in words)
        for words in neighbours
    )
    return replace(seen, word=seen.word if chosen == own else best[chosen], votes=max(votes, 1))


def similarity(first: Box, second: Box) -> float:
    """The shared area as a share of the area of both together."""
    shared = _shared(first, second)
    return shared / max(_area(first) + _area(second) - shared, 1) if shared else 0.0


def _area(box: Box) -> int:
    return (box[2] - box[0]) * (box[3] - box[1])


def _shared(first: Box, second: Box) -> int:
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    return width * height if width > 0 and height > 0 else 0


def row_score(row: Row) -> float:
    return sum(word_score(seen.word) for seen in row)


def word_score(word: Word) -> float:
    return len(bare(word.text)) * word.confidence * plausibility(word.text)
