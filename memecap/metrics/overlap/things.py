"""Things: the concrete nouns of a caption's scene, and which words may stand for each other.

In: a caption as it is written, a list of groups (`assets/concrete_nouns_ru.txt`, whose head says how it is written; a
file of somebody's own joins it). Out: of each thing that is named the marks of its groups; `stands_for` compares two.

Nouns are concrete that stand in the list, that are diminutives of one («шкафчик»), or that pymorphy3 knows as living
beings: those are people, since animals are listed. Names are no things in a caption, but whom a reference calls by name
is a man or a woman in it. Of a word's readings the likeliest that is listed counts («банками» are jars, not banks).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from memecap.errors import MissingFileError
from memecap.metrics.overlap.content_words import content_word
from memecap.reading.engine.words import morphology
from memecap.text import quotes
from memecap.text.clean import clean

#: a line of the list (or a word), and where a word stands on it: 0 among equals, 1 before the colon, -1 behind it
Mark = tuple[int | str, int]
Marks = frozenset[Mark]


class Groups(dict[str, Marks]):
    """Of each word its marks. It never changes, so it can be a key of what was found before."""

    __hash__ = object.__hash__  # type: ignore[assignment]  # a dict has none


_NONE: Marks = frozenset()
_NO_THING: Mark = ("-", 0)
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
#: «на русском языке», «друг с другом»
_FIGURES = re.compile(r"\b\w+ск(?:ом|ий|ого) язык\w*|\bдруг (?:\w{1,3} )?друг\w*")
_YOUNG_MAN = re.compile(r"\bмолод(?:ой|ого|ому|ым|ом) человек\w*", re.IGNORECASE)
_ENDS = '.!?:;…"—\n'  # a capital behind one of these begins a sentence
_NAMES = ("Name", "Surn", "Patr")
_LIKELY = 0.1  # of a reading: «цвета» are hardly ever flowers
_DIMINUTIVES = (
    (r"чик$", ""), (r"ик$", ""), (r"очек$", "ок"), (r"очка$", "ка"), (r"очка$", "а"),
    (r"ечка$", "ка"), (r"ечка$", "а"), (r"[ое]к$", ""), (r"ка$", "а"), (r"ка$", "ь"), (r"ка$", ""),
    (r"чко$", "ко"), (r"ишко$", "о"),
)  # fmt: skip


def stands_for(one: Marks, other: Marks) -> bool:
    """May two words name the same thing?"""
    return any((line, -side) in other for line, side in one)


def things(caption: str, groups: Groups) -> dict[str, Marks]:
    """The different concrete nouns of a caption's scene, in the order of their first mention."""
    found: dict[str, Marks] = {}
    for word, begins in _words(caption):
        if (begins or not word[0].isupper() or word.isupper()) and (thing := _thing(word.lower(), groups)):
            found.setdefault(*thing)
    return found


def named(reference: str, groups: Groups) -> Marks:
    """The marks of all that a reference names: things, people by their names, deeds («курит» for «сигарета»)."""
    marks: set[Mark] = set()
    for word, _ in _words(_YOUNG_MAN.sub("парень", reference)):
        thing, deed = _thing(word.lower(), groups), content_word(word.lower())
        marks |= _person(word, groups) | (thing[1] if thing else groups.get(deed.lemma, _NONE) if deed else _NONE)
    return frozenset(marks)


@cache
def groups_of(more: Path | None = None) -> Groups:
    """The groups of the package, and those of a file. Raises `MissingFileError` when it is not there."""
    if more is not None and not more.is_file():
        raise MissingFileError("no such file of synonyms", where=more, fix="Check the path.")
    own = (files("memecap.metrics") / "assets/concrete_nouns_ru.txt").read_text(encoding="utf-8")
    lines = [*own.splitlines(), *(more.read_text(encoding="utf-8").splitlines() if more else ())]
    marks: defaultdict[str, set[Mark]] = defaultdict(set)
    mates: defaultdict[str, set[str]] = defaultdict(set)
    for number, line in enumerate(lines):
        heads, colon, members = line.lower().replace("ё", "е").replace(",", " ").partition(":")
        words = heads.split()
        if line.startswith("-"):
            marks.update({word: {_NO_THING} for word in words[1:]})
        elif not line.startswith("#"):
            for word in words:
                marks[word].add((number, 1 if colon else 0))
                mates[word].update(() if colon else words)
            for word in members.split():
                marks[word].add((number, -1))
    return _closed(marks, mates)


def _closed(marks: Mapping[str, set[Mark]], mates: Mapping[str, set[str]]) -> Groups:
    """What may stand for a word may stand for its equals; whoever has a trade is a man or a woman."""
    found = {word: set(own) for word, own in marks.items() if word != "@"}
    for word, own in marks.items():
        for mate in mates.get(word, set()) - {word, "@"}:
            found[mate] |= {mark for mark in own if mark[1] == -1}
        if "@" in mates.get(word, ()) and word != "@":
            found[word] |= marks.get(_gender(_noun(word)), set())
    itself = {word: {(word, 0)} if not word.startswith("@") else set() for word in found}
    return Groups({word: frozenset(own | itself[word]) for word, own in found.items()})


def _words(caption: str) -> Iterator[tuple[str, bool]]:
    """The words outside quotes, compounds as their parts, and of each whether a sentence begins with it."""
    text = _FIGURES.sub(" ", quotes.scene(clean(caption)))
    for found in _WORD.finditer(text):
        before = text[: found.start()].rstrip()
        yield from ((part, not before or before[-1] in _ENDS) for part in found[0].split("-") if part)


@lru_cache(maxsize=200_000)
def _thing(word: str, groups: Groups) -> tuple[str, Marks] | None:
    """A word in lower case as a thing: its lemma and marks; None where it is none."""
    lemmas = _lemmas(word)
    if not lemmas or _NO_THING in groups.get(lemmas[0], _NONE):
        return None
    for lemma in lemmas:
        if lemma in groups:
            return lemma, groups[lemma]
    lemma = lemmas[0]
    for pattern, ending in _DIMINUTIVES:
        base, changed = re.subn(pattern, ending, lemma)
        if changed and morphology().word_is_known(word) and _NO_THING not in groups.get(base, {_NO_THING}):
            return lemma, groups[base] | {(lemma, 0)}
    noun, likeliest = _noun(word), _parses(word)[0]
    is_being = "anim" in noun.tag and not any(mark in likeliest.tag for mark in _NAMES)
    if not is_being or not morphology().word_is_known(word):
        return None
    return lemma, groups.get(_gender(noun), _NONE) | {(lemma, 0)}


@lru_cache(maxsize=200_000)
def _person(word: str, groups: Groups) -> Marks:
    """Whom a name in a reference speaks of; a first name only with its capital («роза», «вера»)."""
    parse = _parses(word.lower())[0]
    is_name = any(mark in parse.tag for mark in (_NAMES if word[0].isupper() else _NAMES[1:]))
    return groups.get(_gender(parse), _NONE) if is_name and morphology().word_is_known(word.lower()) else _NONE


@lru_cache(maxsize=200_000)
def _lemmas(word: str) -> tuple[str, ...]:
    """The lemmas of a word as a common noun, the likeliest first; none where it is likelier something else."""
    parses = [parse for parse in _parses(word) if not any(mark in parse.tag for mark in _NAMES)]
    if not parses or parses[0].tag.POS != "NOUN":
        return ()
    likely = (parse for parse in parses if parse.tag.POS == "NOUN" and parse.score >= _LIKELY)
    lemmas = (parse.normal_form.replace("ё", "е") for parse in (parses[0], *likely))
    return tuple(dict.fromkeys(lemmas))


@lru_cache(maxsize=200_000)
def _parses(word: str) -> list[Any]:
    found: list[Any] = morphology().parse(word)
    return found


def _noun(word: str) -> Any:
    return next((parse for parse in _parses(word) if parse.tag.POS == "NOUN"), _parses(word)[0])


def _gender(parse: Any) -> str:
    return "@femn" if parse.tag.gender == "femn" else "@masc"
