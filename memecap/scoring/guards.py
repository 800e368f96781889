"""Guards: signs that a score was bought with something other than describing, or measured on the wrong texts.

In: captions and their references, and both as their preset prepared them. Out: a `Sign` for each guard that sees one.
What people do in the references as often is no sign: descriptions of memes repeat words, quote and may be short.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import contains

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


def signs(rows: Rows) -> list[Sign]:
    """Everything that the guards see, in their order."""
    return [Sign(kind, says) for kind, guard in _GUARDS.items() if (says := guard(rows))]


def _length(rows: Rows) -> str:
    ratio = rows.scores["length_ratio"]
    if ratio > LONG:
        grows = "recall (chrF2, quoted recall) grows with it"
        return f"captions are {ratio:.1f} times as long as their references: {grows}"
    return f"captions have {ratio:.0%} of their references' words" if ratio < SHORT else ""


def _loops(rows: Rows) -> str:
    return _more_often(loops, rows.captions, rows.references, "say some four words twice")


def _same(rows: Rows) -> str:
    ours, theirs = len(set(rows.captions)), len({row[0] for row in rows.references})
    return f"only {ours} different captions of {len(rows.captions)}" if ours < FEWER * theirs else ""


def _only_quotes(rows: Rows) -> str:
    says = "say nothing outside their quotes"
    return _more_often(_is_all_quotes, rows.written_captions, rows.written_references, says)


def _equal(rows: Rows) -> str:
    share = sum(map(contains, rows.references, rows.captions)) / len(rows.captions)
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


def _more_often(
    holds: Callable[[str], bool], captions: Sequence[str], references: Sequence[Sequence[str]], says: str
) -> str:
    """What more of the captions do than of the references, of which a row's first counts."""
    human = [row[0] for row in references]
    ours, theirs = (sum(map(holds, texts)) / len(texts) for texts in (captions, human))
    return f"{ours:.0%} of captions {says}, {theirs:.0%} of references" if ours > theirs + MORE else ""


def _is_all_quotes(text: str) -> bool:
    return bool(_WORD.search(text)) and not _WORD.search(scene(clean(text)))
