"""The recurrent captioners against plain restatements: step-by-step loss, every caption tried, nothing packed."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import pytest
import torch
from tiny_models import TEXTS
from torch import Tensor

from memecap.decoding.beam import Beam
from memecap.decoding.greedy import Greedy
from memecap.decoding.nucleus import Nucleus
from memecap.modeling.batch import Batch, Images, collate
from memecap.reading.base import Line, Reading
from tests.captioners.inputs import Build, batch_of, pictures

READING = Reading((Line("ХОЧУ РЫБУ", (1, 2, 30, 9), 0.9), Line("ЕЩЁ", (1, 30, 30, 39), 0.9)), 40, 40, "test")


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("lstm", {}),
        ("lstm", {"n_layers": 2, "reading": True}),
        ("attention_lstm", {}),
        ("attention_lstm", {"reading": True, "grid_side": 1}),
    ],
)
def test_gradients_with_packing_are_those_without_padding(build: Build, name: str, settings: dict[str, Any]) -> None:
    captioner = build(name, **settings).train()
    texts = ["Кот", TEXTS[0], "кот сидит на столе", "", TEXTS[2]]

    def gradients(batches: list[Batch]) -> dict[str, Tensor]:
        captioner.zero_grad()
        for one in batches:
            captioner(one).total.backward()
        return {n: p.grad.clone() for n, p in captioner.named_parameters() if p.grad is not None}

    together = batch_of(captioner, texts, READING)
    alone = [
        collate([captioner.example(text, image=image, reading=READING)])
        for text, image in zip(texts, pictures(captioner, len(texts)), strict=True)
    ]
    padded, plain = gradients([together]), gradients(alone)
    assert padded.keys() == plain.keys()
    for key, gradient in padded.items():
        assert torch.allclose(gradient, plain[key], atol=1e-4, rtol=1e-4), key


@pytest.mark.parametrize("name", ["lstm", "attention_lstm"])
@pytest.mark.parametrize("length_penalty", [0.0, 1.0])
@torch.no_grad()
def test_greedy_and_beam_equal_trying_everything(build: Build, name: str, length_penalty: float) -> None:
    """Two words and the end: 5 beams hold every beginning of 3 tokens, so they must find the best caption of all."""
    captioner = build(name, ["кот пёс"]).eval()
    end, longest, n = captioner.tokenizer.end_id, 3, 6
    seen = pictures(captioner, n)
    vocabulary = [i for i in range(captioner.tokenizer.size) if i != 1]
    assert len(vocabulary) == 3

    def score(image: Tensor, ids: tuple[int, ...]) -> float:
        example = replace(captioner.example("", image=image), token_ids=list(ids))
        return -float(captioner(collate([example])).total)

    beams = captioner.generate(
        Images(features=seen), [None] * n, Beam(width=5, max_new_tokens=longest, length_penalty=length_penalty)
    )
    greedy = captioner.generate(Images(features=seen), [None] * n, Greedy(max_new_tokens=longest))
    for image, beam, first in zip(seen, beams, greedy, strict=True):
        every = {
            ids[: ids.index(end) + 1] if end in ids else ids for ids in itertools.product(vocabulary, repeat=longest)
        }
        scores = {ids: score(image, ids) for ids in every}
        best = max(scores, key=lambda ids: scores[ids] / len(ids) ** length_penalty)
        assert beam[0].token_ids == best
        assert beam[0].log_probability == pytest.approx(scores[best], abs=1e-4)
        ids: tuple[int, ...] = ()
        while len(ids) < longest and (not ids or ids[-1] != end):
            ids = max(((*ids, i) for i in vocabulary), key=lambda one: score(image, one))
        assert first[0].token_ids == ids


@pytest.mark.parametrize("name", ["lstm", "attention_lstm"])
def test_captions_that_never_end(build: Build, name: str) -> None:
    captioner = build(name)
    with torch.no_grad():
        captioner.output.bias[captioner.tokenizer.end_id] = -1e4
    images = Images(features=pictures(captioner, 2))
    for decoding in (Greedy(max_new_tokens=9), Beam(max_new_tokens=9), Nucleus(max_new_tokens=9)):
        for captions in captioner.generate(images, [None, None], decoding):
            assert not captions[0].finished
            assert len(captions[0].token_ids) == 9
            assert captions[0].text


def test_a_reading_changes_what_is_said_and_fills_the_slots(build: Build) -> None:
    for name in ("lstm", "attention_lstm"):
        captioner = build(name, reading=True)
        images = Images(features=pictures(captioner, 1))
        with torch.no_grad():
            captioner.output.bias[captioner.tokenizer.mark_id("<line1>")] = 1e3
            captioner.output.bias[captioner.tokenizer.mark_id("<line0>")] = 5e2
        (captions,) = captioner.generate(images, [READING], Greedy(max_new_tokens=2))
        assert captions[0].text == '"ещё хочу рыбу"'
        assert [quote.text for quote in captions[0].quotes] == ["ещё хочу рыбу"]
        (captions,) = captioner.generate(images, [None], Greedy(max_new_tokens=2))
        assert "хочу" not in captions[0].text  # nothing was read: the slots are closed
