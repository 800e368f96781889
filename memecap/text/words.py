"""A vocabulary of words: lower-cased tokens of razdel met often enough in training captions; text ↔ ids.

In: captions. Out: a `Tokenizer`. Id 0 ends a caption, id 1 stands for every word outside the vocabulary and is never
written. Decoding restores what people expect: spaces around punctuation and quotes, capitals at the start of sentences
and where the captions mostly write a word with them («Москва», «США»).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import razdel

from memecap.core import storage
from memecap.errors import DataError

END_ID, UNKNOWN_ID = 0, 1
_SPECIAL = ("<end>", "<unk>")
_FILE = "words.json"
_CLOSING = frozenset(".,!?…:;)]}»”%")
_OPENING = frozenset("([{«“„#№")
_ENDING = frozenset(".!?…")
_QUOTES = frozenset('"«“„»”')


class Words:
    """Words by id, the frequent ones first, after the ids of `marks`: names that stand for no text."""

    end_id = END_ID

    def __init__(
        self, words: Sequence[str], *, forms: Mapping[str, str] | None = None, marks: Sequence[str] = ()
    ) -> None:
        self.words = (*_SPECIAL, *marks, *words)
        self.marks = tuple(marks)
        self.forms = dict(forms or {})
        self._ids = {word: i for i, word in enumerate(self.words)}
        self.size = len(self.words)
        self.n_special = len(_SPECIAL) + len(self.marks)  # ids before the words: end, unknown, marks

    @classmethod
    def learn(
        cls, texts: Iterable[str], *, min_count: int = 1, max_size: int = 50_000, marks: Sequence[str] = ()
    ) -> Words:
        """The words met at least `min_count` times, at most `max_size` ids; ties go by the alphabet."""
        counts: Counter[str] = Counter()
        forms: Counter[tuple[str, str]] = Counter()
        for text in texts:
            counts.update(split(text))
            forms.update((form.lower(), form) for form in _inside_sentences(text))
        enough = (word for word in counts if counts[word] >= min_count)
        frequent = sorted(enough, key=lambda word: (-counts[word], word))
        kept = frequent[: max_size - len(_SPECIAL) - len(marks)]
        return cls(kept, forms=_usual(forms, set(kept)), marks=marks)

    @classmethod
    def from_folder(cls, folder: Path) -> Words:
        """Raises `MissingFileError`, or `DataError` when the file is not a vocabulary."""
        saved = storage.read_json(folder / _FILE)
        kinds = {"words": list, "forms": dict, "marks": list}
        if not isinstance(saved, dict) or {name: type(value) for name, value in saved.items()} != kinds:
            raise DataError("not a vocabulary of words", where=folder / _FILE, fix="Save the checkpoint again.")
        return cls(saved["words"], forms=saved["forms"], marks=saved["marks"])

    def mark_id(self, mark: str) -> int:
        """The id of a mark; `encode` never gives it."""
        return self._ids[mark]

    def encode(self, text: str) -> list[int]:
        return [self._ids.get(word, UNKNOWN_ID) for word in split(text)]

    def decode(self, ids: Sequence[int]) -> str:
        return capitalise(self.join(ids))

    def join(self, ids: Sequence[int]) -> str:
        """A piece of a caption: the capitals of names, and none for the place in a sentence."""
        words = [self.words[i] for i in ids if i >= self.n_special]
        return join([self.forms.get(word, word) for word in words])

    def save(self, folder: Path) -> None:
        words = self.words[self.n_special :]
        storage.write_json(folder / _FILE, {"words": words, "forms": self.forms, "marks": self.marks})


def split(text: str) -> list[str]:
    """Lower-case tokens; the names of the special ids cannot come out of a text, since razdel cuts their brackets."""
    return [token.text for token in razdel.tokenize(text.lower())]


def join(words: Iterable[str]) -> str:
    """Words → a text with its spaces."""
    text, glued, quoting = "", True, False
    for word in words:
        closes = set(word) <= _CLOSING or (word == '"' and quoting)
        text += word if glued or closes else f" {word}"
        glued = word in _OPENING or (word == '"' and not quoting)
        quoting ^= word == '"'
    return text


def capitalise(text: str) -> str:
    """Capitals at the start of sentences."""
    return re.sub(r"(^|[.!?…][\"»”)]? )(\w)", lambda found: found[1] + found[2].upper(), text)


def _inside_sentences(text: str) -> Iterator[str]:
    """The words of a text as they are written, without those whose capital tells only where a sentence begins."""
    starts = True
    for token in razdel.tokenize(text):
        if not starts:
            yield token.text
        starts = set(token.text) <= _ENDING or (starts and not token.text[0].isalnum()) or token.text in _QUOTES


def _usual(forms: Mapping[tuple[str, str], int], kept: Collection[str]) -> dict[str, str]:
    """For each word that is mostly written otherwise than in lower case, how."""
    best: dict[str, tuple[int, str]] = {}
    for (word, form), count in forms.items():
        if word in kept:
            best[word] = max(best.get(word, (0, "")), (count, form))
    return {word: form for word, (_, form) in sorted(best.items()) if form != word}
