"""Side by side or one by one, a sample is the same model's: its log-probabilities are those of a plain forward."""

from __future__ import annotations

import pytest
import torch
from transformers import GPT2Config, GPT2LMHeadModel

from memecap.decoding.engines.parallel_samples import sample
from memecap.decoding.nucleus import Nucleus

END = 0


@pytest.fixture(scope="module")
def model() -> GPT2LMHeadModel:
    torch.manual_seed(0)
    shape = GPT2Config(
        vocab_size=40, n_positions=64, n_embd=32, n_layer=2, n_head=4, bos_token_id=END, eos_token_id=END
    )
    return GPT2LMHeadModel(shape).eval()


def prompts() -> tuple[torch.Tensor, torch.Tensor]:
    mask = torch.ones(3, 7, dtype=torch.bool)
    mask[0, :4] = mask[2, :6] = False
    return torch.randn(3, 7, 32, generator=torch.Generator().manual_seed(1)), mask


def test_log_probabilities_are_those_of_each_caption_alone(model: GPT2LMHeadModel) -> None:
    embeds, mask = prompts()
    decoding = Nucleus(n_candidates=5, top_p=0.9, temperature=1.5, max_new_tokens=20)
    ids, found = sample(model, embeds, mask, decoding, end_id=END)
    assert len(ids) == 15
    for number, row in enumerate(ids):
        prompt, n_prompt = embeds[number // 5][mask[number // 5]], int(mask[number // 5].sum())
        whole = torch.cat([prompt, model.transformer.wte(row)])[None]
        logits = model(inputs_embeds=whole).logits[0, n_prompt - 1 : -1].log_softmax(dim=-1)
        end = next((place for place, i in enumerate(row.tolist()) if i == END), len(row) - 1) + 1
        torch.testing.assert_close(found[number, :end], logits.gather(1, row[:, None])[:end, 0], atol=1e-5, rtol=0)
        assert (row[end:] == END).all()
        assert (found[number, end:] == 0).all()


def test_a_seed_decides_and_samples_differ(model: GPT2LMHeadModel) -> None:
    embeds, mask = prompts()
    decoding = Nucleus(n_candidates=4, top_p=1.0, max_new_tokens=12)
    first, _ = sample(model, embeds, mask, decoding, end_id=END)
    again, _ = sample(model, embeds, mask, decoding, end_id=END)
    other, _ = sample(model, embeds, mask, decoding.model_copy(update={"seed": 1}), end_id=END)
    assert torch.equal(first, again)
    assert first.shape != other.shape or not torch.equal(first, other)
    assert len({tuple(row.tolist()) for row in first}) > 6


@pytest.mark.parametrize(
    ("decoding", "kept"),
    [
        (Nucleus(top_p=0.6), {0, 1}),  # .5 + .25 reach .6
        (Nucleus(top_p=0.45), {0}),
        (Nucleus(top_p=1.0), {0, 1, 2, 3}),
        (Nucleus(top_p=1.0, top_k=3), {0, 1, 2}),
        (Nucleus(top_p=1.0, temperature=0.01), {0}),
    ],
)
def test_only_the_nucleus_is_drawn(decoding: Nucleus, kept: set[int]) -> None:
    scores = torch.tensor([0.5, 0.25, 0.15, 0.1]).log().expand(4000, 4)
    drawn = decoding.draw(scores, torch.Generator().manual_seed(0))[:, 0].bincount(minlength=4)
    assert {i for i, n in enumerate(drawn.tolist()) if n} == kept
    if len(kept) == 4:
        assert (drawn / 4000 - torch.tensor([0.5, 0.25, 0.15, 0.1])).abs().max() < 0.03


def test_a_flat_distribution_is_drawn_beyond_the_likeliest() -> None:
    """More tokens than are looked at first; banned ones are never drawn."""
    scores = torch.zeros(200, 2000)
    scores[:, 1000:] = float("-inf")
    drawn = Nucleus(top_p=0.95).draw(scores, torch.Generator().manual_seed(0))
    assert drawn.max() < 1000
    assert len(drawn.unique()) > 150
