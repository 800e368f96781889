"""Show, Attend and Tell against a plain restatement: step by step, in the paper's words."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from tiny_models import TEXTS
from torch import Tensor

from memecap.decoding.greedy import Greedy
from memecap.modeling.batch import Images, collate
from memecap.modeling.outputs import Caption
from tests.captioners.inputs import Build, batch_of, pictures


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


def test_a_trained_encoder_keeps_its_batch_norms(build: Build) -> None:
    captioner = build("attention_lstm", train_encoder=True).train()
    assert captioner.references() == {}
    before = {n: b.clone() for n, b in captioner.encoder.named_buffers()}
    pixels = torch.randn(2, 3, 64, 64)
    loss = captioner(collate([captioner.example(text, image=one) for text, one in zip(TEXTS, pixels, strict=False)]))
    loss.total.backward()
    assert all(torch.equal(b, before[n]) for n, b in captioner.encoder.named_buffers())
    assert any(p.grad is not None and bool(p.grad.any()) for p in captioner.encoder.parameters())
