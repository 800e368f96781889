"""What is a word? Letters compared without case and marks, and how much like a word a run of letters looks."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Any

LETTERS = re.compile(r"[^\W\d_]+")
CYRILLIC = re.compile(r"[а-яё]", re.IGNORECASE)
LATIN = re.compile(r"[a-z]", re.IGNORECASE)

#: The commonest words of English: a line that holds some of them is English, not a face taken for letters.
_ENGLISH = """
about after again all also always am an and any are around as ask at away back bad be because been before being
best better big both but by call came can cat come could day did didn didnt do does doesn doesnt dog doing don done
dont down each eat else even ever every everyone everything fact feel few find first for friend friends from fuck
game get gets getting girl give go god goes going gonna good got great guy guys had hard has have having he hello
help her here hey him his home house how if in into is isn isnt it its job just keep kids kill know last let
life like little live long look looking lot love made make makes man many may maybe me mean meme memes men mind
mom money more most much must my name need never new next nice night no not nothing now of off oh ok okay old on
once one only or other our out over own part party people person play please put read ready real really right
said same saw say saying says school see she should shit show sleep so some someone something start still stop such
sure take talk tell than thank thanks that thats the their them then there these they thing things think this
those three through time to today too trying two under until up us use used very wait want wanted was wasn way
we week well went were what whats when where which while who why wife will with without won wont work world would
wrong year years yes yet you your youre
"""
ENGLISH = frozenset(_ENGLISH.split())


@lru_cache(maxsize=100_000)
def bare(text: str) -> str:
    """Letters and digits only, lower case, ё as е: what two spellings of one word share."""
    return "".join(character for character in text.lower().replace("ё", "е") if character.isalnum())


@lru_cache(maxsize=100_000)
def plausibility(text: str) -> float:
    """0..1: 1 for known words, less for numbers and unknown words, little for mixed alphabets."""
    parts = LETTERS.findall(text)
    if not parts:
        return 0.5
    if any(CYRILLIC.search(part) and LATIN.search(part) for part in parts):
        return 0.15
    letters = max(parts, key=len)
    if is_known(letters.lower()):
        return 1.0
    return 0.4 if CYRILLIC.search(letters) else 0.6


@lru_cache(maxsize=100_000)
def is_known(word: str) -> bool:
    """Does the Russian dictionary of pymorphy3 hold this lower-case word, or is it among the commonest English ones?"""
    if CYRILLIC.search(word):
        return bool(morphology().word_is_known(word))
    return word in ENGLISH


@cache
def morphology() -> Any:
    """The Russian dictionary, read once by whoever asks first."""
    import pymorphy3

    return pymorphy3.MorphAnalyzer()
