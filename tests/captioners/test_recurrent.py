"""The recurrent captioners against plain restatements: step-by-step loss, every caption tried, nothing packed."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_models import TEXTS, shaken
from torch import Tensor

from memecap.captioners.base import Captioner, create
from memecap.core import config
from memecap.decoding.beam import Beam
from memecap.decoding.greedy import Greedy
from memecap.decoding.nucleus import Nucleus
from memecap.modeling.batch import Batch, Images, collate
from memecap.modeling.outputs import Caption
from memecap.reading.base import Line, Reading

READING = Reading((Line("ХОЧУ РЫБУ", (1, 2, 30, 9), 0.9), Line("ЕЩЁ", (1, 30, 30, 39), 0.9)), 40, 40, "test")
Build = Callable[..., Captioner]


@pytest.fixture
def build(tiny_models: Path) -> Build:
    """A captioner over the grid of a tiny ResNet, so far from its first weights that captions differ."""

    def made(name: str, texts: list[str] = TEXTS, **settings: Any) -> Captioner:
        torch.manual_seed(0)
        encoder = {"name": "resnet", "model": str(tiny_models / "resnet"), "output": "grid"}
        small = {"width": 12, "embeddings": {"width": 10}, "min_count": 1, "dropout": 0.0, "encoder": encoder}
        return shaken(create(config.configure("captioners", {"name": name, **small, **settings}), texts))

    return made


def pictures(captioner: Captioner, n: int) -> Tensor:
    assert captioner.encoder is not None
    return torch.randn(
        n, captioner.encoder.n_tokens, captioner.encoder.width, generator=torch.Generator().manual_seed(1)
    )


def batch_of(captioner: Captioner, texts: list[str], reading: Reading | None = None) -> Batch:
    seen = pictures(captioner, len(texts))
    return collate(
        [captioner.example(text, image=image, reading=reading) for text, image in zip(texts, seen, strict=True)]
    )


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


def restated(captioner: Any, tokens: Tensor, ids: list[int]) -> tuple[float, list[Tensor]]:
    """Loss of one caption as the paper writes it, with the weights taken out of the modules; and the attention."""
    w = dict(captioner.named_parameters())

    def linear(x: Tensor, name: str) -> Tensor:
        return x @ w[f"{name}.weight"].T + w.get(f"{name}.bias", torch.zeros(()))

    mean = tokens.mean(dim=0)
    h, c = torch.tanh(linear(mean, "first_hidden")), torch.tanh(linear(mean, "first_cell"))
    before, loss, looked = w["no_word"], 0.0, []
    for target in ids:
        queried = linear(h, "attention.query")
        hidden = [torch.tanh(linear(cell, "attention.key") + queried) for cell in tokens]
        scores = torch.stack(hidden) @ w["attention.score.weight"][0]
        alpha = scores.exp() / scores.exp().sum()
        looked.append(alpha)
        z = torch.sigmoid(linear(h, "attention.gate")) * sum(a * cell for a, cell in zip(alpha, tokens, strict=True))
        gates = w["cell.weight_ih"] @ torch.cat([before, z]) + w["cell.bias_ih"]
        i, f, g, o = (gates + w["cell.weight_hh"] @ h + w["cell.bias_hh"]).chunk(4)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        h = torch.sigmoid(o) * torch.tanh(c)
        logits = linear(before + linear(h, "from_hidden") + linear(z, "from_context"), "output")
        loss -= float(logits[target] - logits.exp().sum().log())
        before = w["embed.weight"][target]
    return loss, looked


@torch.no_grad()
def test_attention_equals_the_paper_step_by_step(build: Build) -> None:
    captioner = build("attention_lstm", doubly_stochastic=0.7)
    texts = ["кот сидит", TEXTS[0], "Кот"]
    batch, seen = batch_of(captioner, texts), pictures(captioner, 3)
    rows = [ids[mask].tolist() for ids, mask in zip(batch.token_ids, batch.token_mask, strict=True)]
    plain = [restated(captioner, tokens, ids) for tokens, ids in zip(seen, rows, strict=True)]
    loss = sum(loss for loss, _ in plain)
    assert float(captioner.eval()(batch).total) == pytest.approx(loss, rel=1e-5)
    term = sum(float(((1 - sum(looked)) ** 2).sum()) for _, looked in plain)
    assert float(captioner.train()(batch).total) == pytest.approx(loss + 0.7 * term, rel=1e-5)
    images = Images(features=seen)
    captions = [Caption("", token_ids=tuple(ids)) for ids in rows]
    for attended, (_, looked) in zip(captioner.attend(images, [None] * 3, captions), plain, strict=True):
        assert torch.allclose(attended.weights, torch.stack(looked), atol=1e-6)
        assert len(attended.words) == len(looked)


@torch.no_grad()
def test_greedy_captions_equal_the_paper_step_by_step(build: Build) -> None:
    captioner = build("attention_lstm").eval()
    seen = pictures(captioner, 4)
    found = captioner.generate(Images(features=seen), [None] * 4, Greedy(max_new_tokens=6))
    for tokens, captions in zip(seen, found, strict=True):
        ids: list[int] = []
        while len(ids) < 6 and (not ids or ids[-1] != captioner.tokenizer.end_id):
            known = [i for i in range(captioner.tokenizer.size) if i != 1]  # all but the unknown word
            ids.append(min(known, key=lambda i: restated(captioner, tokens, [*ids, i])[0]))
        assert list(captions[0].token_ids) == ids
        assert captions[0].log_probability == pytest.approx(-restated(captioner, tokens, ids)[0], rel=1e-4)


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


def test_the_teacher_says_less_and_less(build: Build) -> None:
    captioner = build("attention_lstm", teacher_forcing={"start": 1.0, "end": 0.0, "batches": 4}).train()
    batch = batch_of(captioner, TEXTS)
    losses = []
    for _ in range(7):
        torch.manual_seed(0)
        losses.append(float(captioner(batch).total.detach()))
    assert int(captioner.n_batches) == 7
    assert losses[0] != losses[2]
    assert losses[4] == losses[5] == losses[6]  # all guesses from here on
    assert "n_batches" in captioner.state_dict()  # so that a run that goes on, goes on here
    captioner.eval()
    captioner(batch)
    assert int(captioner.n_batches) == 7


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


def test_a_trained_encoder_keeps_its_batch_norms(build: Build) -> None:
    captioner = build("attention_lstm", train_encoder=True).train()
    assert captioner.references() == {}
    before = {n: b.clone() for n, b in captioner.encoder.named_buffers()}
    pixels = torch.randn(2, 3, 64, 64)
    loss = captioner(collate([captioner.example(text, image=one) for text, one in zip(TEXTS, pixels, strict=False)]))
    loss.total.backward()
    assert all(torch.equal(b, before[n]) for n, b in captioner.encoder.named_buffers())
    assert any(p.grad is not None and bool(p.grad.any()) for p in captioner.encoder.parameters())


def test_a_threshold_that_leaves_no_word_is_said(build: Build, capsys: pytest.CaptureFixture[str]) -> None:
    captioner = build("lstm", ["Кот спит"], min_count=3)
    assert captioner.tokenizer.encode("кот спит") == [2, 3]
    assert "min_count = 3" in capsys.readouterr().err
