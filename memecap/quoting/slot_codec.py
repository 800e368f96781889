"""Captions with slots ↔ ids: a tokenizer's words, and a mark for each line that can be quoted.

In: pieces of a caption (slots.py), a reading. Out: ids to learn, the prompt that tells the reading, the rules of the
search; and pieces again of ids that were written.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Protocol

import torch
from jaxtyping import Bool, Int
from torch import Tensor
from transformers import LogitsProcessor

from memecap.quoting import line_marks
from memecap.quoting.retelling import retell
from memecap.quoting.slots import UNREAD, USER, Piece
from memecap.reading.base import Reading
from memecap.text.base import Tokenizer
from memecap.text.quotes import MARKS


class MarkedTokenizer(Tokenizer, Protocol):
    """A tokenizer that was learnt with marks beside its words."""

    def mark_id(self, mark: str) -> int: ...


class SlotCodec:
    """Slots among the ids of one tokenizer.

    Args:
        join: ids between two slots → their text.
        slots: false: captions are letters only and no mark is ever written.
        recollections: remembered descriptions that a prompt tells, the surest first.
        never: ids that no caption holds, beside marks of the layout and words with a quotation mark in them.
    """

    def __init__(
        self,
        tokenizer: MarkedTokenizer,
        *,
        join: Callable[[list[int]], str],
        max_lines: int,
        slots: bool = True,
        recollections: int = 0,
        never: Sequence[int] = (),
    ) -> None:
        self._tokenizer, self._join, self._max_lines, self._in_slots = tokenizer, join, max_lines, slots
        self._n_recalled = recollections
        names = line_marks.names(max_lines, recollections=recollections > 0)
        self._ids = {name: tokenizer.mark_id(name) for name in names}
        self._pieces = {self._ids[line_marks.slot(i)]: i for i in (UNREAD, USER, *range(max_lines))}
        self._never = [*never, *self._never_written()]

    def encode(self, pieces: Sequence[Piece]) -> list[int]:
        """Slots of lines beyond the last that can be quoted are left out."""
        ids: list[int] = []
        for piece in pieces:
            if isinstance(piece, str):
                ids += self._tokenizer.encode(piece)
            elif piece < self._max_lines:
                ids.append(self._ids[line_marks.slot(piece)])
        return ids

    def pieces(self, ids: Sequence[int]) -> list[Piece]:
        """Of ids that were written, the end token among them or not."""
        pieces: list[Piece] = []
        for slot, run in itertools.groupby((i for i in ids if i != self._tokenizer.end_id), key=self._pieces.get):
            same = list(run)
            pieces += [self._join(same)] if slot is None else [slot] * len(same)
        return pieces

    def prompt(self, reading: Reading | None, *, max_tokens: int, max_recalled: int = 0) -> list[int]:
        """For each line its marks and its first and last words, whole lines only; what is remembered, each recollection
        cut at `max_recalled`; the mark that ends it all.
        """
        ids: list[int] = []
        for marks, text in line_marks.describe(reading, self._max_lines) if reading else ():
            words = self._tokenizer.encode(text.lower())
            line = [*(self._ids[mark] for mark in marks), *(line_marks.shorten(words) if self._in_slots else words)]
            if len(ids) + len(line) >= max_tokens:
                break
            ids += line
        for found in reading.recollections[: self._n_recalled] if reading else ():
            begun = [self._ids[mark] for mark in line_marks.recalled(found)]
            ids += [*begun, *self.encode(retell(found, reading))][:max_recalled]
        return [*ids, self._ids[line_marks.WRITE]]

    def recalled(self, prompt_ids: Int[Tensor, "B R"]) -> Bool[Tensor, "B R"]:
        """The places of prompts where what is remembered stands."""
        begun = (prompt_ids == self._ids[line_marks.RECALLED]).cumsum(dim=1) > 0
        return begun & (prompt_ids != self._ids[line_marks.WRITE])

    def rules(self, readings: Sequence[Reading | None]) -> SlotRules:
        """Slots of lines that are there, each once; nothing that is never written."""
        n_lines = [min(len(reading.lines), self._max_lines) if reading else 0 for reading in readings]
        slots = [self._ids[line_marks.slot(i)] for i in range(self._max_lines)]
        return SlotRules(slots, self._ids[line_marks.slot(UNREAD)], n_lines, self._never)

    @property
    def marks(self) -> set[int]:
        """Ids that spell nothing: marks, and the end."""
        return {*self._ids.values(), self._tokenizer.end_id}

    def _never_written(self) -> list[int]:
        if not self._in_slots:
            return list(self._ids.values())
        layout = [i for i in self._ids.values() if i not in self._pieces]
        quoting = [i for i in range(self._tokenizer.size) if set(self._tokenizer.decode([i])) & MARKS]
        return [*layout, *quoting]


class SlotRules(LogitsProcessor):  # type: ignore[misc]
    """What may follow in a caption: only lines there are, each once, and nothing that is never written.

    A quote that nobody read may be written only where no line was read at all.
    """

    def __init__(self, slots: Sequence[int], unread: int, n_lines: Sequence[int], never: Sequence[int]) -> None:
        self.slots, self.unread, self.n_lines, self.never = list(slots), unread, n_lines, list(never)
        self._banned: Tensor | None = None

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        """New ids [C t] and scores [C V] of a step → the scores, the impossible at minus infinity."""
        if self._banned is None or self._banned.shape != scores.shape:
            self._banned = self._always_banned(scores)
        written = torch.zeros_like(scores, dtype=torch.bool).scatter(1, input_ids, True)
        banned = self._banned.clone()
        banned[:, self.slots] |= written[:, self.slots]
        return scores.masked_fill(banned, float("-inf"))

    def _always_banned(self, scores: Tensor) -> Tensor:
        """[C V]: what no step of the search may write."""
        n_lines = torch.tensor(self.n_lines, device=scores.device)
        n_lines = n_lines.repeat_interleave(len(scores) // len(self.n_lines))[:, None]
        banned = torch.zeros_like(scores, dtype=torch.bool)
        banned[:, self.never] = True
        banned[:, self.slots] = torch.arange(len(self.slots), device=scores.device) >= n_lines
        banned[:, self.unread] = n_lines[:, 0] > 0
        return banned
