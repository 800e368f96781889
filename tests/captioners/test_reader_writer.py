"""reader_writer: quotes are the lines themselves, and a sure line that no quote took is quoted at the end."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from tiny_models import TEXTS

from memecap.captioners.base import create
from memecap.captioners.reader_writer import ReaderWriter
from memecap.core import config
from memecap.decoding.greedy import Greedy
from memecap.decoding.mbr import MBR
from memecap.decoding.nucleus import Nucleus
from memecap.reading.base import Line, Reading
from tests.captioners.known import FOUND

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


def test_outside_quotes_it_writes_words_of_its_captions_only(tmp_path: Path) -> None:
    captioner = made(complete=None)
    captioner.save_structure(tmp_path)
    again = ReaderWriter.from_folder(captioner.config, tmp_path)
    again.load_state_dict(captioner.state_dict())
    known = set(re.findall(r"[\w-]+", " ".join(TEXTS).lower()))
    for one in (captioner, again.eval()):
        (found,) = one.generate(None, [READING], Nucleus(n_candidates=16, max_new_tokens=24, temperature=3.0))
        for caption in found:
            *whole, last = re.findall(r"[\w-]+", re.sub(r'"[^"]*"', " ", caption.text.lower()))  # the last may be cut
            assert set(whole) <= known and any(word.startswith(last) for word in known)
    free, strange = made(complete=None, whole_words=False), set[str]()
    for caption in free.generate(None, [READING], Nucleus(n_candidates=16, max_new_tokens=24, temperature=3.0))[0]:
        strange |= {*re.findall(r"[\w-]+", caption.text.lower())} - known
    assert strange


def test_where_pictures_were_described_people_speak_first() -> None:
    captioner = made(recollections=1)
    told = replace(READING, recollections=(replace(FOUND, lines=()),))
    search = MBR(n_samples=3, max_new_tokens=6)
    found = captioner.generate(None, [told, READING], search.candidates())
    assert [len(candidates) for candidates in found] == [4, 3]
    best = search.choose(found[0], told)[0]
    assert best.source is not None and best.source.by == "picture" and "хочу рыбу" in best.text
    assert len(captioner.generate(None, [told], Nucleus(n_candidates=3, max_new_tokens=6))[0]) == 3
