"""Slots among ids: what is encoded comes back, for both kinds of tokenizer; the search is kept to lines there are."""

from __future__ import annotations

import pytest
import torch

from memecap.quoting import line_marks, slots
from memecap.quoting.slot_codec import SlotCodec
from memecap.reading.base import Line, Reading
from memecap.text.bpe import BPE
from memecap.text.words import UNKNOWN_ID, Words

READING = Reading((Line("ХОЧУ РЫБУ", (1, 2, 30, 9), 0.9), Line("сейчас", (1, 20, 30, 29), 0.8)), 40, 40, "test")
CAPTION = 'Кот сидит и говорит: "хочу рыбу". Он ждёт: "сейчас".'
MAX_LINES = 3


def words() -> SlotCodec:
    tokenizer = Words.learn([CAPTION] * 3, marks=line_marks.names(MAX_LINES))
    return SlotCodec(tokenizer, join=tokenizer.join, max_lines=MAX_LINES, never=[UNKNOWN_ID])


def letters(*, in_slots: bool = True) -> SlotCodec:
    tokenizer = BPE.learn([CAPTION.lower()], vocab_size=400, marks=line_marks.names(MAX_LINES))
    return SlotCodec(
        tokenizer, join=lambda ids: tokenizer.decode(ids, strip=False), max_lines=MAX_LINES, slots=in_slots
    )


@pytest.fixture(params=[words, letters])
def codec(request: pytest.FixtureRequest) -> SlotCodec:
    made: SlotCodec = request.param()
    return made


def test_there_and_back(codec: SlotCodec) -> None:
    ids = codec.encode(slots.to_pieces(CAPTION, READING))
    text, quotes = slots.to_caption(codec.pieces(ids), READING)
    assert text == CAPTION
    assert [quote.box for quote in quotes] == [line.box for line in READING.lines]


def test_lines_beyond_the_last_are_no_slots(codec: SlotCodec) -> None:
    assert codec.encode([MAX_LINES]) == []
    assert len(codec.encode([MAX_LINES - 1, slots.UNREAD, slots.USER])) == 3


def test_a_prompt_holds_whole_lines_and_ends_with_its_mark(codec: SlotCodec) -> None:
    whole, none = codec.prompt(READING, max_tokens=99), codec.prompt(None, max_tokens=99)
    assert len(none) == 1 and whole[-1:] == none
    cut = codec.prompt(READING, max_tokens=len(whole) - 1)
    assert cut[:-1] == whole[: len(cut) - 1] and 1 < len(cut) < len(whole)


def test_the_rules_allow_each_line_once(codec: SlotCodec) -> None:
    first, second, absent = (codec.encode([i])[0] for i in range(MAX_LINES))
    written = torch.tensor([[first]])
    scores = codec.rules([READING])(written, torch.zeros(1, 500))
    assert scores[0, second] == 0
    assert scores[0, [first, absent]].isinf().all()
    assert scores[0, codec.encode([slots.UNREAD])].isinf().all()
