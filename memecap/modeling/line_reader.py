"""How a recurrent captioner reads: an LSTM over marks of the lines gives the writer's first state; quotes are slots.

A vocabulary of words cannot hold what memes say, so a quote is a slot for a line (see _slots.py), filled with the line
itself. In: a reading and a vocabulary with marks. Out: ids to read, ids to learn, the first state, the caption.
Source: ours; an encoder's last state as the decoder's first after Sutskever et al., arXiv 1409.3215.

B examples, R reading tokens of width E, H the state's width.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence

from memecap.quoting import line_marks as _line_marks
from memecap.quoting import slots as _slots
from memecap.quoting.quote import Quote
from memecap.quoting.slot_rules import SlotRules
from memecap.reading.base import Reading
from memecap.text.quotes import MARKS
from memecap.text.words import UNKNOWN_ID, Words

MAX_PROMPT = 384  # tokens: a page of text is cut there, whole lines only


class LineReader(nn.Module):
    """Reading tokens → the state of an LSTM after them."""

    def __init__(self, *, width_in: int, width: int, n_layers: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(width_in, width, n_layers, batch_first=True)

    def forward(
        self, tokens: Float[Tensor, "B R E"], mask: Bool[Tensor, "B R"]
    ) -> tuple[Float[Tensor, "layers B H"], Float[Tensor, "layers B H"]]:
        lengths = mask.sum(dim=1).cpu()
        packed = pack_padded_sequence(tokens, lengths, batch_first=True, enforce_sorted=False)
        state: tuple[Tensor, Tensor] = self.lstm(packed)[1]
        return state


def marks(max_lines: int) -> list[str]:
    """The names that a vocabulary must hold beside its words."""
    return _line_marks.names(max_lines)


def prompt(words: Words, reading: Reading | None, max_lines: int) -> list[int]:
    """For each line its marks and its first and last words; then the mark that ends the reading."""
    ids: list[int] = []
    for names, text in _line_marks.describe(reading, max_lines) if reading else ():
        line = [*(words.mark_id(name) for name in names), *_line_marks.shorten(words.encode(text))]
        if len(ids) + len(line) >= MAX_PROMPT:
            break
        ids += line
    return [*ids, words.mark_id(_line_marks.WRITE)]


def encode(words: Words, caption: str, reading: Reading | None, max_lines: int) -> list[int]:
    """A caption as words and slots."""
    ids: list[int] = []
    for piece in _slots.to_pieces(caption, reading):
        if isinstance(piece, str):
            ids += words.encode(piece)
        elif piece < max_lines:
            ids.append(words.mark_id(_line_marks.slot(piece)))
    return ids


def decode(words: Words, ids: Sequence[int], reading: Reading | None, max_lines: int) -> tuple[str, tuple[Quote, ...]]:
    """The caption of words and slots, the slots filled."""
    slots = _slots_by_id(words, max_lines)
    pieces: list[_slots.Piece] = []
    run: list[int] = []
    for i in [*ids, words.end_id]:
        if i in slots or i == words.end_id:
            pieces += [words.join(run)] if run else []
            pieces += [slots[i]] if i in slots else []
            run = []
        else:
            run.append(i)
    return _slots.to_caption(pieces, reading)


def rules(words: Words, readings: Sequence[Reading | None], max_lines: int) -> list[Any]:
    """Slots of lines that are there, each once; no marks of the layout, and no quotation marks but the slots' own."""
    names = marks(max_lines)
    slots = _slots_by_id(words, max_lines)
    layout = [i for name in names if (i := words.mark_id(name)) not in slots]
    quoting = [i for i, word in enumerate(words.words) if i >= words.n_special and set(word) & MARKS]
    n_lines = [min(len(reading.lines), max_lines) if reading else 0 for reading in readings]
    return [SlotRules({name: words.mark_id(name) for name in names}, n_lines, [UNKNOWN_ID, *layout, *quoting])]


def _slots_by_id(words: Words, max_lines: int) -> dict[int, int]:
    pieces = (_slots.UNREAD, _slots.USER, *range(max_lines))
    return {words.mark_id(_line_marks.slot(piece)): piece for piece in pieces}
