"""What is remembered reaches a captioner: the answer that stands in it alone is learnt, and nothing changes without."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace
from typing import Any

import torch

from memecap.captioners.base import create
from memecap.captioners.clipcap import ClipCap
from memecap.captioners.reader_writer import ReaderWriter
from memecap.core import config
from memecap.decoding.greedy import Greedy
from memecap.memory.recollection import Recollection, RememberedLine
from memecap.modeling.batch import collate
from memecap.reading.base import Line, Reading

SMALL = {"name": "reader_writer", "n_layers": 2, "width": 32, "n_heads": 2, "vocab_size": 512, "dropout": 0.0}
NOUNS = ["кот", "пёс", "дом", "лес", "мяч", "стол"]
VERBS = ["спит", "бежит", "стоит", "молчит", "поёт"]
CAPTIONS = [f'{noun} {verb}: "да".' for noun, verb in itertools.product(NOUNS, VERBS)]
LINE = Line("да", (1, 2, 30, 9), 0.9)


def known(caption: str, confidence: float = 0.95) -> Recollection:
    return Recollection(
        image_id="a",
        group_id="a",
        corpus="memes",
        split="train",
        captions=(caption,),
        lines=(RememberedLine("да", LINE.box),),
        box=(0, 10, 40, 40),
        covered=0.8,
        inliers=60,
        confidence=confidence,
        transform=(1.0, 0.0, 0.0, 0.0, 1.0, 0.0),
    )


def reading(*recollections: Recollection) -> Reading:
    return Reading((LINE,), 40, 40, "test", recollections)


def made(**changes: Any) -> ReaderWriter:
    torch.manual_seed(0)
    captioner = create(config.configure("captioners", {**SMALL, **changes}), CAPTIONS)
    assert isinstance(captioner, ReaderWriter)
    return captioner


def test_an_answer_that_only_memory_holds_is_learnt() -> None:
    """Every picture reads the same, so nothing but what is remembered tells them apart; on new pairs too."""
    captioner, chance = made(recollections=1), random.Random(0)
    held_out, learnt = CAPTIONS[::7], [caption for i, caption in enumerate(CAPTIONS) if i % 7]
    optimizer = torch.optim.AdamW(captioner.parameters(), lr=3e-3)
    for _ in range(80):
        examples = []
        for caption in chance.sample(learnt, 16):
            told = (known(caption),) if chance.random() < 0.8 else (known(chance.choice(learnt), confidence=0.1),)
            examples.append(captioner.example(caption, reading=reading(*told)))
        optimizer.zero_grad()
        captioner(collate(examples)).mean.backward()
        optimizer.step()
    search = Greedy(max_new_tokens=12)
    said = captioner.generate(None, [reading(known(caption)) for caption in held_out], search)
    assert [found[0].text for found in said] == [caption[0].upper() + caption[1:] for caption in held_out]

    def loss(confidence: float) -> float:
        examples = [captioner.example(one, reading=reading(known(one, confidence))) for one in held_out]
        with torch.no_grad():
            return float(captioner.eval()(collate(examples)).mean)

    assert loss(0.1) > 3 * loss(0.95)  # what is hardly known is not trusted


def test_nothing_changes_for_a_captioner_that_is_not_told() -> None:
    plain = made()
    told = plain.example(CAPTIONS[0], reading=reading(known(CAPTIONS[1])))
    assert told == plain.example(CAPTIONS[0], reading=reading())
    assert plain.decoder.config.n_positions == 256 + 160
    ids = {plain.tokenizer.backend.token_to_id(mark) for mark in ("<recalled>", "<known0>", "<covers0>")}
    assert ids == {None}


def test_a_long_recollection_is_cut_and_the_surest_come_first() -> None:
    captioner = made(recollections=2, max_recollection_tokens=12)
    first, second, third = (known(f"{word} " * 40) for word in ("кот", "дом", "лес"))
    prompt = captioner.example("да", reading=reading(first, second, third)).prompt_ids
    without = captioner.example("да", reading=reading()).prompt_ids
    assert len(prompt) == len(without) + 2 * 12
    words = captioner.tokenizer.decode(prompt)
    assert words.index("кот") < words.index("дом") and "лес" not in words
    moved = replace(reading(first), lines=())
    assert captioner.generate(None, [moved, None], Greedy(max_new_tokens=2))


GPT = {"n_layers": 1, "width": 16, "n_heads": 2, "vocab_size": 400, "max_positions": 600}


def test_a_language_models_prompt_tells_it_in_words() -> None:
    """With the lines read here in its quotes, before the reading; and nothing where nothing is remembered."""
    settings = {"name": "clipcap", "reading": True, "copy_head": True, "decoder": GPT}
    told = create(config.configure("captioners", {**settings, "recollections": 1}), CAPTIONS)
    plain = create(config.configure("captioners", settings), CAPTIONS)
    assert isinstance(told, ClipCap) and isinstance(plain, ClipCap)
    found = known('Кот в шляпе: "нет".')
    found = replace(found, lines=(RememberedLine("нет", LINE.box),))
    words = told.tokenizer.decode(told.example("да", reading=reading(found)).prompt_ids)
    assert words.startswith('Раньше описали так:\nКот в шляпе: "да".\n') and "Текст:\nда" in words
    without = told.example("да", reading=reading())
    assert without.prompt_ids == plain.example("да", reading=reading(found)).prompt_ids
    assert told.copy_head is not None and plain.copy_head is not None
    assert told.copy_head.place.num_embeddings > plain.copy_head.place.num_embeddings
    captions = told.eval().generate(None, [reading(found), None], Greedy(max_new_tokens=3))
    assert len(captions) == 2
