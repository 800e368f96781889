"""reader_writer: quotes are the lines themselves, and a sure line that no quote took is quoted at the end."""

from __future__ import annotations

from typing import Any

import torch
from tiny_models import TEXTS

from memecap.captioners.base import create
from memecap.captioners.reader_writer import ReaderWriter
from memecap.core import config
from memecap.decoding.greedy import Greedy
from memecap.decoding.mbr import MBR
from memecap.reading.base import Line, Reading

TINY = {"name": "reader_writer", "n_layers": 1, "width": 16, "n_heads": 2, "vocab_size": 512}
READING = Reading((Line("ХОЧУ РЫБУ", (1, 2, 30, 9), 0.9), Line("еле видно", (1, 20, 30, 29), 0.3)), 40, 40, "test")


def made(**changes: Any) -> ReaderWriter:
    torch.manual_seed(0)
    captioner = create(config.configure("captioners", {**TINY, **changes}), TEXTS)
    assert isinstance(captioner, ReaderWriter)
    return captioner.eval()


def test_sure_lines_are_quoted_whatever_is_written() -> None:
    for readings in ([READING], [READING, None]):
        caption = made().generate(None, readings, Greedy(max_new_tokens=4))[0][0]
        assert "хочу рыбу" in [quote.text for quote in caption.quotes] or "хочу рыбу" in caption.text
    bare = made(complete=None, min_similarity=100).generate(None, [READING], Greedy(max_new_tokens=1))[0][0]
    assert "ещё надпись" not in bare.text.lower()


def test_a_caption_to_learn_has_slots_and_no_letters_of_its_quotes() -> None:
    with_slots, letters = made(), made(slots=False)
    caption = 'Кот говорит: "хочу рыбу".'
    shorter, longer = (len(one.example(caption, reading=READING).token_ids) for one in (with_slots, letters))
    assert shorter < longer
    assert letters.tokenizer.decode(letters.example(caption).token_ids) == caption.lower()


def test_its_own_way_of_choosing() -> None:
    assert made().default_search() == MBR(max_new_tokens=140)
    chosen = made(decoding={"name": "mbr", "n_samples": 3, "recall": 2.0}).default_search()
    assert isinstance(chosen, MBR) and (chosen.n_samples, chosen.recall) == (3, 2.0)
    assert isinstance(made(decoding="greedy").default_search(), Greedy)
