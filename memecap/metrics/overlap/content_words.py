"""Content words of a caption's scene: lemmas of its nouns, verbs, adjectives and numbers, outside quotes.

In: a caption as it is written. Out: `Word`s in their order. Lemmas and parts of speech are those of pymorphy3's
likeliest reading, ё as е. Limits: a word of two meanings («стекло») is taken for the commoner one.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from memecap.reading.engine.words import morphology
from memecap.text import quotes
from memecap.text.clean import clean

#: parts of speech of pymorphy3 by what they are here: a participle is its verb, a short adjective its adjective
_PARTS = {
    "NOUN": "noun",
    **dict.fromkeys(("VERB", "INFN", "PRTF", "PRTS", "GRND"), "verb"),
    **dict.fromkeys(("ADJF", "ADJS", "COMP"), "adjective"),
    "NUMR": "number",
}
#: verbs and adjectives that hold a sentence together and name nothing: быть, мочь, стать; pronouns by their own mark
_EMPTY = frozenset({"быть", "мочь", "стать", "являться", "один"})
_TOKEN = re.compile(r"\d+|[^\W\d_]+(?:-[^\W\d_]+)*")


class Word(NamedTuple):
    """A content word: its lemma, and whether it is a noun, a verb, an adjective or a number."""

    lemma: str
    part: str


def scene_words(caption: str) -> list[Word]:
    """The content words outside quotes."""
    tokens = _TOKEN.findall(quotes.scene(clean(caption)).lower())
    return [word for token in tokens if (word := content_word(token)) is not None]


@lru_cache(maxsize=200_000)
def content_word(token: str) -> Word | None:
    """The token in lower case as a content word; None where it is none."""
    if token.isdigit():
        return Word(str(int(token)), "number")
    parse = morphology().parse(token)[0]
    part = _PARTS.get(str(parse.tag.POS))
    lemma = parse.normal_form.replace("ё", "е")
    return None if part is None or lemma in _EMPTY or "Apro" in parse.tag else Word(lemma, part)
