"""Captions with slots ↔ ids: a tokenizer's words, and a mark for each line that can be quoted.

In: pieces of a caption (slots.py), a reading. Out: ids to learn, the prompt that tells the reading, the rules of the
search; and pieces again of ids that were written.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from memecap.quoting import line_marks
from memecap.quoting.slot_rules import SlotRules
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
        never: ids that no caption holds, beside marks of the layout and words with a quotation mark in them.
    """

    def __init__(
        self,
        tokenizer: MarkedTokenizer,
        *,
        join: Callable[[list[int]], str],
        max_lines: int,
        slots: bool = True,
        never: Sequence[int] = (),
    ) -> None:
        self._tokenizer, self._join, self._max_lines, self._in_slots = tokenizer, join, max_lines, slots
        self._ids = {name: tokenizer.mark_id(name) for name in line_marks.names(max_lines)}
        self._pieces = {self._ids[line_marks.slot(i)]: i for i in (UNREAD, USER, *range(max_lines))}
        self._never = [*never, *self._never_written()]

    def encode(self, pieces: Sequence[Piece]) -> list[int]:
        """Slots of lines beyond the last that can be quoted are left out."""
        return [i for piece in pieces for i in self._encode(piece)]

    def pieces(self, ids: Sequence[int]) -> list[Piece]:
        """Of ids that were written, the end token among them or not."""
        end_id = self._tokenizer.end_id
        pieces: list[Piece] = []
        words: list[int] = []
        for i in [*ids, end_id]:
            if i in self._pieces or i == end_id:
                pieces += [self._join(words)] if words else []
                pieces += [self._pieces[i]] if i in self._pieces else []
                words = []
            else:
                words.append(i)
        return pieces

    def prompt(self, reading: Reading | None, *, max_tokens: int) -> list[int]:
        """For each line its marks and its first and last words, whole lines only; then the mark that ends it all."""
        ids: list[int] = []
        for marks, text in line_marks.describe(reading, self._max_lines) if reading else ():
            words = self._tokenizer.encode(text.lower())
            line = [*(self._ids[mark] for mark in marks), *(line_marks.shorten(words) if self._in_slots else words)]
            if len(ids) + len(line) >= max_tokens:
                break
            ids += line
        return [*ids, self._ids[line_marks.WRITE]]

    def rules(self, readings: Sequence[Reading | None]) -> SlotRules:
        """Slots of lines that are there, each once; nothing that is never written."""
        n_lines = [min(len(reading.lines), self._max_lines) if reading else 0 for reading in readings]
        return SlotRules(self._ids, n_lines, self._never)

    def _encode(self, piece: Piece) -> list[int]:
        if isinstance(piece, str):
            return self._tokenizer.encode(piece)
        return [self._ids[line_marks.slot(piece)]] if piece < self._max_lines else []

    def _never_written(self) -> list[int]:
        if not self._in_slots:
            return list(self._ids.values())
        layout = [i for i in self._ids.values() if i not in self._pieces]
        quoting = [i for i in range(self._tokenizer.size) if set(self._tokenizer.decode([i])) & MARKS]
        return [*layout, *quoting]
