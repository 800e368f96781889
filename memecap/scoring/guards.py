"""Guards: signs that a score was bought with something other than describing, or measured on the wrong texts.

In: captions and their references, and both as their preset prepared them. Out: a `Sign` for each guard that sees one.
What people do in the references as often is no sign: descriptions of memes repeat words, quote and may be short.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from memecap.metrics.overlap.ngrams import loops
from memecap.text.clean import clean
from memecap.text.quotes import scene

# What people do stands well inside these bounds: of the 3,094 descriptions of memes (2,548 train, 546 val) 6 % say some
# four words twice, none is all quotes, over 99.8 % differ, and .4 % of val stand in train; 5,000 draws of two sets of
# 100 had .74 to 1.33 times each other's words.
LONG, SHORT = 1.5, 0.5  # words of the captions over words of the references
MORE = 0.1  # share of captions beyond the references' share
FEWER = 0.5  # different captions, as a part of the different references
EQUAL = 0.2  # share of captions that are a reference, or a training caption, word for word

_WORD = re.compile(r"\w")


@dataclass(frozen=True, slots=True)
class Sign:
    """What a guard saw: its name, and a sentence for people."""

    kind: str
    says: str


@dataclass(frozen=True, slots=True)
class Rows:
    """What the guards look at; words are joined by spaces, `written` is as it came."""

    captions: Sequence[str]
    references: Sequence[Sequence[str]]
    written_captions: Sequence[str]
    written_references: Sequence[Sequence[str]]
    scores: Mapping[str, float]

    @property
    def human(self) -> list[str]:
        """One reference of each row: what a person wrote there."""
        return [row[0] for row in self.references]


def signs(rows: Rows) -> list[Sign]:
    """Everything that the guards see, in their order."""
    return [Sign(kind, says) for kind, guard in _GUARDS.items() if (says := guard(rows))]


def _length(rows: Rows) -> str:
    ratio = rows.scores["length_ratio"]
    if ratio > LONG:
        return (
            f"captions are {ratio:.1f} times as long as their references: recall (chrF2, quoted recall) grows with it"
        )
    return f"captions have {ratio:.0%} of their references' words" if ratio < SHORT else ""


def _loops(rows: Rows) -> str:
    ours, theirs = (_share(loops, texts) for texts in (rows.captions, rows.human))
    return (
        f"{ours:.0%} of captions say some four words twice, {theirs:.0%} of references" if ours > theirs + MORE else ""
    )


def _same(rows: Rows) -> str:
    ours, theirs = len(set(rows.captions)), len(set(rows.human))
    return f"only {ours} different captions of {len(rows.captions)}" if ours < FEWER * theirs else ""


def _only_quotes(rows: Rows) -> str:
    human = [row[0] for row in rows.written_references]
    ours, theirs = (_share(_is_all_quotes, texts) for texts in (rows.written_captions, human))
    told = f"{ours:.0%} of captions say nothing outside their quotes, {theirs:.0%} of references"
    return told if ours > theirs + MORE else ""


def _equal(rows: Rows) -> str:
    found = [caption in row for caption, row in zip(rows.captions, rows.references, strict=True)]
    share = sum(found) / len(found)
    return f"{share:.0%} of captions are a reference word for word: were references scored?" if share > EQUAL else ""


def _copies(rows: Rows) -> str:
    share = rows.scores.get("copied_from_training", 0.0)
    return f"{share:.0%} of captions are a training caption word for word" if share > EQUAL else ""


_GUARDS: dict[str, Callable[[Rows], str]] = {
    "length": _length,
    "loops": _loops,
    "same": _same,
    "only_quotes": _only_quotes,
    "equal": _equal,
    "copies": _copies,
}
KINDS = frozenset(_GUARDS)


def _share(holds: Callable[[str], bool], texts: Sequence[str]) -> float:
    return sum(map(holds, texts)) / len(texts)


def _is_all_quotes(text: str) -> bool:
    return bool(_WORD.search(text)) and not _WORD.search(scene(clean(text)))
