"""Only words that people wrote: a small model that spells by pieces of words makes up some that are none.

In: the words, and what each id spells. Out: a rule of a search: what no such word could begin with is impossible.

C captions of t ids written so far, V ids.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache

import torch
from jaxtyping import Float, Int
from torch import Tensor
from transformers import LogitsProcessor

_WORD, _HEAD, _TAIL = re.compile(r"[\w-]+"), re.compile(r"[\w-]*"), re.compile(r"[\w-]*\Z")
_KEPT = 4096  # beginnings of words whose followers are kept


class WholeWords(LogitsProcessor):  # type: ignore[misc]
    """What may follow the part of a word that stands at the end.

    Args:
        words: as `words_in` finds them.
        spelled: of each id the text it adds; None where it is a mark, which ends a word; "" where it is a part of a
            letter, which no word can be built of here.
    """

    def __init__(self, words: Iterable[str], spelled: Sequence[str | None]) -> None:
        self._words = frozenset(words)
        self._begun = {"", *(begun for word in self._words for begun in _beginnings(word, frozenset(spelled)))}
        self._spelled = list(spelled)
        self._first = [self._splits(text) for text in spelled]
        self.allowed = lru_cache(_KEPT)(self._allowed)

    def __call__(self, input_ids: Int[Tensor, "C t"], scores: Float[Tensor, "C V"]) -> Float[Tensor, "C V"]:
        """The scores, those of impossible ids at minus infinity."""
        allowed = torch.stack([self.allowed(self._open(row)) for row in input_ids.tolist()])
        return scores.masked_fill(~allowed.to(scores.device), float("-inf"))

    def _open(self, ids: Sequence[int]) -> str:
        """The letters after the last end of a word."""
        open_word = ""
        for i in reversed(ids):
            text = self._spelled[i]
            if not text:
                break
            tail = _tail(text)
            open_word = tail + open_word
            if len(tail) < len(text):
                break
        return open_word

    def _splits(self, text: str | None) -> tuple[str, bool] | None:
        """The letters with which an id goes on with a word, and whether it ends that word; None: it never may stand."""
        if text is None:
            return "", True
        head = _HEAD.match(text).group()  # type: ignore[union-attr]
        if head == text:
            return (text, False) if text else None
        tail = _tail(text)
        whole = _WORD.findall(text[len(head) : len(text) - len(tail)])
        return (head, True) if self._words.issuperset(whole) and tail in self._begun else None

    def _allowed(self, begun: str) -> Tensor:
        """[V] which ids may follow these letters."""
        return torch.tensor([first is not None and self._goes_on(begun, *first) for first in self._first])

    def _goes_on(self, begun: str, head: str, ends: bool) -> bool:
        word = begun + head
        return word in self._begun if not ends else not word or word in self._words


def words_in(texts: Iterable[str]) -> list[str]:
    """The words of texts in lower case, hyphens within them, sorted, each once."""
    return sorted({word for text in texts for word in _WORD.findall(text.lower())})


def _beginnings(word: str, spelled: Collection[str | None]) -> list[str]:
    """The beginnings of a word from which ids lead to its end; the others could be begun and never ended."""
    ends = {len(word)}
    for begin in range(len(word) - 1, 0, -1):
        if any(word[begin:end] in spelled for end in ends):
            ends.add(begin)
    return [word[:end] for end in ends]


def _tail(text: str) -> str:
    """The letters at the end of a text."""
    return _TAIL.search(text).group()  # type: ignore[union-attr]
