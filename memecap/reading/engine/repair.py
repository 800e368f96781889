"""Repair what Tesseract misreads in memes: an ordered list of small rules.

In and out: a row of words (`join_hyphens`: the rows of a picture in reading order). A rule touches a word only where
the outcome is a known word and the word before it was not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise

from memecap.reading.base import Box, around
from memecap.reading.engine.merge import Row, Seen
from memecap.reading.engine.words import CYRILLIC, ENGLISH, LATIN, LETTERS, bare, is_known, plausibility

Rule = Callable[[Row], Row]

#: Latin letters and digits → the Cyrillic letters they are drawn like, in capitals and in lower case
LOOK_ALIKES = str.maketrans(
    "ABCEHKMOPTXYaceopxyuknmrbdgN3064",
    "АВСЕНКМОРТХУасеорхуикптгьддИЗОбЧ",
)
#: Cyrillic letters → the Latin ones they are drawn like
LATIN_LOOK_ALIKES = str.maketrans("АВСЕНІКМОРТХУасеіорхук", "ABCEHIKMOPTXYaceiopxyk")
#: short words that lose the space after them
_PARTICLES = "не и в с я на а у к о по за но то ты что как это мы"
PARTICLES = tuple(_PARTICLES.split())
# Set by hand; the rules were measured whole, with and without each (DECISIONS.md, "Which passes read a meme").
DUST_LETTERS = 2  # a speck is taken for so many letters at most
DUST_SURE = 0.7  # below it, a known short word that one pass alone saw is a speck too
TORN_GAP = 0.5  # heights of a line: the widest gap between the halves of one word
MIN_REST = 3  # letters that a particle leaves when it is split off
WHOLE = 0.9  # a word read so surely on a line of its own has lost no space
SURE = 0.5  # a known word read more surely keeps its spelling


def drop_dust(row: Row) -> Row:
    """Specks at the ends of a row that were taken for a letter or two."""
    words = [place for place, seen in enumerate(row) if not _is_dust(seen)]
    return row[words[0] : words[-1] + 1] if words else []


def cyrillic_look_alikes(row: Row) -> Row:
    """A Russian word spelt with Latin letters or digits of the same shape: MOTOP is МОТОР."""
    if sum(len(CYRILLIC.findall(seen.word.text)) for seen in row) < 2:
        return row
    return [_respelt(seen, seen.word.text.translate(LOOK_ALIKES)) if _has_latin(seen) else seen for seen in row]


def latin_look_alikes(row: Row) -> Row:
    """An English word spelt with Cyrillic letters of the same shape, in a row with other English words: ТНЕ is THE."""
    if not any(seen.word.text.lower() in ENGLISH for seen in row):
        return row
    return [
        _respelt(seen, seen.word.text.translate(LATIN_LOOK_ALIKES)) if CYRILLIC.search(seen.word.text) else seen
        for seen in row
    ]


def join_torn(row: Row) -> Row:
    """Two halves of one word: `приг лашение`."""
    joined: Row = []
    for seen in row:
        if joined and _is_torn(joined[-1], seen):
            before = joined.pop()
            seen = _with(before, before.word.text + seen.word.text, around((before.word.box, seen.word.box)))
        joined.append(seen)
    return joined


def split_glued(row: Row) -> Row:
    """Short words that lost their space: `винтернете`, `НЕБЫЛ`, `инесмог`."""
    return [part for seen in row for part in _unglued(seen)]


#: in the order in which they are applied
RULES: tuple[Rule, ...] = (drop_dust, cyrillic_look_alikes, latin_look_alikes, join_torn, split_glued)


def repair(rows: Sequence[Row], rules: Sequence[Rule] = RULES) -> list[Row]:
    """Rows in reading order, each through the rules, then joined at hyphens; empty ones are left out."""
    repaired = list(rows)
    for rule in rules:
        repaired = [rule(row) for row in repaired]
    return join_hyphens([row for row in repaired if row])


def join_hyphens(rows: Sequence[Row]) -> list[Row]:
    """A word parted at the end of a line comes back together on that line."""
    joined = [list(row) for row in rows]
    for row, following in pairwise(joined):
        if not row or not following or not row[-1].word.text.endswith("-"):
            continue
        whole = row[-1].word.text[:-1] + following[0].word.text
        if _is_word(whole) and LETTERS.search(row[-1].word.text):
            row[-1] = _with(row[-1], whole, row[-1].word.box)
            del following[0]
    return [row for row in joined if row]


def _is_dust(seen: Seen) -> bool:
    text = bare(seen.word.text)
    if text.isdigit() or len(text) > DUST_LETTERS:
        return False
    is_word, is_sure = plausibility(seen.word.text) >= 1, seen.word.confidence >= DUST_SURE
    if seen.found:
        return not (is_word or is_sure)
    return seen.votes == 1 and not (is_word and is_sure)


def _has_latin(seen: Seen) -> bool:
    return bool(LATIN.search(seen.word.text)) or (
        any(character.isdigit() for character in seen.word.text) and bool(CYRILLIC.search(seen.word.text))
    )


def _is_torn(before: Seen, after: Seen) -> bool:
    first, second = before.word.text, after.word.text
    if not (first.isalpha() and second[:1].isalpha()) or (_is_word(first) and _is_word(second)):
        return False
    gap = after.word.box[0] - before.word.box[2]
    return gap < TORN_GAP * (before.word.box[3] - before.word.box[1]) and _is_word(first + second)


def _unglued(seen: Seen) -> list[Seen]:
    text = seen.word.text
    if _is_word(text) or not CYRILLIC.search(text) or (seen.found and seen.word.confidence > WHOLE):
        return [seen]
    for particle in PARTICLES:
        rest = text[len(particle) :]
        if text.lower().startswith(particle) and len(bare(rest)) >= MIN_REST and rest[0].isalpha():
            left, top, right, bottom = seen.word.box
            cut = left + (right - left) * len(particle) // len(text)
            further = _unglued(_with(seen, rest, (cut, top, right, bottom)))
            if all(_is_word(part.word.text) for part in further):
                return [_with(seen, text[: len(particle)], (left, top, cut, bottom)), *further]
    return [seen]


def _respelt(seen: Seen, text: str) -> Seen:
    """The word in another spelling, where that makes an unknown word known."""
    if text == seen.word.text or not _is_word(text) or (_is_word(seen.word.text) and seen.word.confidence > SURE):
        return seen
    return _with(seen, text, seen.word.box)


def _is_word(text: str) -> bool:
    letters = max(LETTERS.findall(text), key=len, default="")
    alike = bool(CYRILLIC.search(letters)) != bool(LATIN.search(letters))
    return alike and not any(character.isdigit() for character in text) and is_known(letters.lower())


def _with(seen: Seen, text: str, box: Box) -> Seen:
    return replace(seen, word=replace(seen.word, text=text, box=box))
