"""Sequences: prompt and caption joined without a gap, no longer than the longest pair; padding changes nothing."""

from __future__ import annotations

import torch
from torch import Tensor
from transformers import GPT2Config, GPT2LMHeadModel

from memecap.modeling import prefix
from memecap.modeling.batch import Batch, pad

#: the longest prompt stands before the shortest caption
PROMPTS = [[5, 6, 7, 8, 9, 10, 11], [12], []]
CAPTIONS = [[1, 2], [3, 4, 1, 2, 3], [4, 2]]
WIDTH = 16


def decoder() -> GPT2LMHeadModel:
    """Small and frozen."""
    torch.manual_seed(0)
    return (
        GPT2LMHeadModel(GPT2Config(vocab_size=20, n_positions=32, n_embd=WIDTH, n_layer=1, n_head=2))
        .eval()
        .requires_grad_(False)
    )


def batch(*rows: int) -> Batch:
    return Batch(None, *pad([CAPTIONS[i] for i in rows]), *pad([PROMPTS[i] for i in rows]))


def test_no_position_is_computed_that_no_example_reaches() -> None:
    model, widths = decoder(), []
    model.transformer.register_forward_pre_hook(
        lambda module, args, kwargs: widths.append(kwargs["inputs_embeds"].shape[1]), with_kwargs=True
    )
    prefix.read(model, torch.zeros(3, 1, WIDTH), batch(0, 1, 2))
    assert widths == [1 + 7 + 2]


def test_together_they_are_read_as_alone() -> None:
    model = decoder()
    starts = torch.randn(3, 1, WIDTH)
    together = prefix.read(model, starts, batch(0, 1, 2))
    alone = [prefix.read(model, starts[i : i + 1], batch(i)) for i in range(3)]
    torch.testing.assert_close(together.logits, torch.cat([one.logits for one in alone]), atol=1e-5, rtol=1e-5)
    assert together.targets.tolist() == [token for caption in CAPTIONS for token in caption]
    assert together.examples.tolist() == [0] * 2 + [1] * 5 + [2] * 2


def test_scores_are_those_of_the_model_step_by_step() -> None:
    model = decoder()
    start = torch.randn(1, 1, WIDTH)
    for i, (prompt, caption) in enumerate(zip(PROMPTS, CAPTIONS, strict=True)):
        said = float(prefix.read(model, start, batch(i)).log_probabilities().sum())
        total = 0.0
        for k, token in enumerate(caption):
            seen: Tensor = model.get_input_embeddings()(torch.tensor([prompt + caption[:k]], dtype=torch.long))
            logits = model(inputs_embeds=torch.cat([start, seen], dim=1)).logits[0, -1]
            total += float(logits.log_softmax(dim=0)[token].detach())
        assert abs(said - total) < 1e-4
