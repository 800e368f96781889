"""A vocabulary of words: lower-cased tokens of razdel met often enough in training captions; text ↔ ids.

In: captions. Out: a `Tokenizer`. Id 0 ends a caption, id 1 stands for every word outside the vocabulary and is never
written. Decoding restores what people expect: spaces around punctuation and quotes, capitals at the start of sentences.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import razdel

from memecap import storage
from memecap.errors import DataError

END_ID, UNKNOWN_ID = 0, 1
_SPECIAL = ("<end>", "<unk>")
_FILE = "words.json"
_CLOSING = frozenset(".,!?…:;)]}»”%")
_OPENING = frozenset("([{«“„#№")


class Words:
    """Words by id, the frequent ones first."""

    def __init__(self, words: Sequence[str]) -> None:
        self.words = (*_SPECIAL, *words)
        self._ids = {word: i for i, word in enumerate(self.words)}

    @classmethod
    def learn(cls, texts: Iterable[str], *, min_count: int = 1, max_size: int = 50_000) -> Words:
        """The words met at least `min_count` times, at most `max_size` ids; ties go by the alphabet."""
        counts = Counter(word for text in texts for word in split(text))
        frequent = sorted(
            (word for word in counts if counts[word] >= min_count), key=lambda word: (-counts[word], word)
        )
        return cls(frequent[: max_size - len(_SPECIAL)])

    @classmethod
    def from_folder(cls, folder: Path) -> Words:
        """Raises `MissingFileError`, or `DataError` when the file is not a vocabulary."""
        words = storage.read_json(folder / _FILE)
        if not isinstance(words, list) or tuple(words[:2]) != _SPECIAL:
            raise DataError("not a vocabulary of words", where=folder / _FILE, fix="Save the checkpoint again.")
        return cls(words[2:])

    @property
    def size(self) -> int:
        return len(self.words)

    @property
    def end_id(self) -> int:
        return END_ID

    def encode(self, text: str) -> list[int]:
        return [self._ids.get(word, UNKNOWN_ID) for word in split(text)]

    def decode(self, ids: Sequence[int]) -> str:
        return join([self.words[i] for i in ids if i > UNKNOWN_ID])

    def save(self, folder: Path) -> None:
        storage.write_json(folder / _FILE, list(self.words))


def split(text: str) -> list[str]:
    """Lower-case tokens; the names of the special ids cannot come out of a text, since razdel cuts their brackets."""
    return [token.text for token in razdel.tokenize(text.lower())]


def join(words: Iterable[str]) -> str:
    """Words → a text for people."""
    text, glued, quoting = "", True, False
    for word in words:
        closes = set(word) <= _CLOSING or (word == '"' and quoting)
        text += word if glued or closes else f" {word}"
        glued = word in _OPENING or (word == '"' and not quoting)
        quoting ^= word == '"'
    return re.sub(r"(^|[.!?…][\"»”)]? )(\w)", lambda found: found[1] + found[2].upper(), text)
