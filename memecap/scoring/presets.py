"""Protocols of scoring: how a text becomes tokens, and which metrics see them.

    ru-words    razdel words, lower case, ё as е, no punctuation; the default
    ru-punct    the same with punctuation as tokens
    nltk-seed   tokens as they stand in the file, split at spaces, and nltk's BLEU; scores from 0 to 1
    coco        BLEU, CIDEr-D and ROUGE-L as the COCO caption toolkit counts them, on the tokens of its CoreNLP 3.4.1 as
                far as ours agree with them: 5,069 of 5,070 English captions of Flickr30k's validation, all 5,999 of
                VizWiz, 3,040 of 3,094 descriptions of memes; METEOR 1.5 with the parameters of the references'
                language, Russian or English, by exact words and stems only (the toolkit's English adds synonyms and
                paraphrases)
    fbc2        FusionBrain Challenge 2022: razdel, lower case, no punctuation, METEOR with Snowball, no thesaurus

Each but nltk-seed first cleans its texts (memecap/text/clean.py; `clean` in the signature): accents in one form (NFC),
no-break spaces as spaces, no zero-width characters, soft hyphens or marks of direction: where only one side has them
they cost tens of points. nltk-seed keeps to what the file holds: its published figures are those of stored tokens.

A preset has main metrics, quick enough for every epoch, and more for a report. Guards (length, repetition, equal
captions, copies) are among the main ones of each.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from memecap.core import spelling
from memecap.metrics.base import View
from memecap.text import quotes
from memecap.text.clean import clean

Part = Mapping[str, Any]

_WORD = re.compile(r"\w", re.UNICODE)
#: what the COCO toolkit's Stanford tokeniser takes for one token, as far as captions show
_COCO_TOKEN = re.compile(
    r"""https?://\S+                                   # an address
    |[:;]-?[()]                                        # a face
    |@\w+                                            # a name
    |(?:[a-z]\.){2,}(?![a-z])|(?:mr|mrs|ms|dr|jr|sr|st)\.(?!\w)  # an abbreviation with its full stops
    |can(?=not\b)|gon(?=na\b)|wan(?=na\b)|(?<=\bcan)not\b|(?<=\bgon)na\b|(?<=\bwan)na\b
    |[a-z]+(?=n['’]t\b)|n['’]t\b|['’](?:s|m|d|re|ve|ll)\b  # an English contraction, in its two parts
    |(?:[^\W\d_]|\d+[^\W\d_](?!\w*\d))\w*(?:(?:[-._@]|['’](?!(?:s|m|d|re|ve|ll)\b))\w*[^\W_])*  # a word and its parts
    |[+-]?\d+(?:[.,:/]\d+)*(?:-\w+)*                  # a number
    |\.{2,}|!+\?*|\?+!*                                # runs of marks
    |_+|\S""",
    re.VERBOSE,
)
_COCO_BRACKETS = str.maketrans({"(": "-lrb-", ")": "-rrb-", "[": "-lsb-", "]": "-rsb-", "{": "-lcb-", "}": "-rcb-"})
_COCO_DROPPED = frozenset("'`.?!,:;-\"«»“”„‘’–—…")


@dataclass(frozen=True, slots=True)
class Preset:
    """A protocol: how a text becomes tokens, and which metrics see them."""

    name: str
    text: str  # the part of the signature that describes `words`
    words: Callable[[str], list[str]]
    main: tuple[Part, ...]
    more: tuple[Part, ...] = ()
    special_tokens: bool = False  # references may hold <unk> and the like
    cleans: bool = True  # the first step: one form of Unicode, nothing invisible

    @property
    def signature(self) -> str:
        """The preset's name, and the steps from a text to its tokens."""
        return f"{self.name}[{'clean|' if self.cleans else ''}{self.text}]"

    def prepare(self, text: str, view: View) -> str:
        """Tokens joined by spaces; quoted spans are joined by line breaks."""
        text = clean(text) if self.cleans else text
        if view == "written":
            return text
        if view == "quotes":
            return "\n".join(" ".join(self.words(span)) for span in quotes.quotes(text))
        return " ".join(self.words(quotes.scene(text) if view == "scene" else text))


def preset(name: str) -> Preset:
    """Raises `UsageError` with the names there are."""
    return PRESETS[spelling.choose(name, PRESETS, "preset", where="--preset")]


def ru_words(text: str) -> list[str]:
    """razdel tokens that hold a letter or a digit, lower case, ё as е."""
    return [token for token in ru_punct(text) if _WORD.search(token)]


def ru_punct(text: str) -> list[str]:
    """razdel tokens, lower case, ё as е."""
    return _razdel(text.lower().replace("ё", "е"))


def fbc2(text: str) -> list[str]:
    """razdel tokens that hold a letter or a digit, lower case."""
    return [token for token in _razdel(text.lower()) if _WORD.search(token)]


def coco(text: str) -> list[str]:
    """Penn Treebank tokens, lower case, without the punctuation that the COCO toolkit drops (brackets it keeps)."""
    tokens = _COCO_TOKEN.findall(text.lower())
    return [token.translate(_COCO_BRACKETS) for token in tokens if token not in _COCO_DROPPED and token.strip(".")]


def _razdel(text: str) -> list[str]:
    from razdel import tokenize

    return [token.text for token in tokenize(text)]


_GUARDS: Part = {"name": "collapse"}
_RU_MAIN: tuple[Part, ...] = (
    {"name": "bleu"},
    {"name": "meteor"},
    {"name": "chrf"},
    {"name": "quotes", "edits": True},
    {"name": "scene_words"},
    {"name": "invented"},
    {"name": "kinds"},
    _GUARDS,
)
_RU_MORE: tuple[Part, ...] = (
    {"name": "chrf", "words": 2},
    {"name": "meteor", "stages": ["exact", "snowball", "lemma"]},
    {"name": "meteor15"},
    {"name": "rouge"},
    {"name": "cider"},
    {"name": "cider", "damped": False},
    {"name": "bleu", "view": "scene"},
    {"name": "meteor", "view": "scene"},
    {"name": "chrf", "view": "scene"},
)

DEFAULT = "ru-words"
PRESETS = {
    found.name: found
    for found in (
        Preset(DEFAULT, "razdel|lower|ё→е|no punctuation", ru_words, _RU_MAIN, _RU_MORE),
        Preset("ru-punct", "razdel|lower|ё→е|punctuation", ru_punct, _RU_MAIN, _RU_MORE),
        Preset(
            "nltk-seed",
            "tokens as stored, split at spaces",
            str.split,
            (
                {"name": "bleu", "like": "nltk"},
                {"name": "meteor", "stages": ["exact"]},
                {"name": "chrf"},
                {"name": "quotes"},
                _GUARDS,
            ),
            special_tokens=True,
            cleans=False,
        ),
        Preset(
            "coco",
            "treebank|lower|no punctuation|brackets",
            coco,
            ({"name": "bleu", "like": "coco"}, {"name": "meteor15"}, {"name": "rouge"}, {"name": "cider"}, _GUARDS),
        ),
        Preset("fbc2", "razdel|lower|no punctuation", fbc2, ({"name": "meteor"}, _GUARDS)),
    )
}
