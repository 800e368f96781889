"""Language models: logits as their own head gives them, and of a pretrained one, what is learnt."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from tiny_models import TEXTS

from memecap.errors import ConfigError
from memecap.modeling import language_model
from memecap.modeling.language_model import New, Pretrained


@torch.no_grad()
def test_states_and_logits_are_the_models_own() -> None:
    model, tokenizer = language_model.from_texts(
        New(n_layers=2, width=16, n_heads=2, vocab_size=280, max_positions=32), TEXTS
    )
    model.eval()
    ids = torch.tensor([tokenizer.encode("кот спит")])
    embeds, mask = model.get_input_embeddings()(ids), torch.ones(ids.shape, dtype=torch.bool)
    states = model.get_decoder()(inputs_embeds=embeds, attention_mask=mask.long()).last_hidden_state
    ours = language_model.logits(model, states[0])
    assert torch.allclose(ours, model(input_ids=ids).logits[0], atol=1e-5)
    assert language_model.n_positions(model) == 32


@torch.no_grad()
def test_capped_logits_stay_below_their_cap() -> None:
    model, _ = language_model.from_texts(New(n_layers=1, width=16, n_heads=2, vocab_size=280), TEXTS)
    states = torch.randn(3, 16) * 100
    plain = language_model.logits(model, states)
    model.config.final_logit_softcapping = 2.0
    assert torch.allclose(language_model.logits(model, states), 2 * torch.tanh(plain / 2), atol=1e-6)


@pytest.mark.parametrize("train", ["frozen", "full", "last", "lora"])
def test_what_is_learnt_is_what_was_asked_for(train: str, tiny_models: Path) -> None:
    model, _ = language_model.from_texts(Pretrained(model=str(tiny_models / "gpt2"), train=train, last_layers=1), TEXTS)
    learnt = {name for name, weight in model.named_parameters() if weight.requires_grad}
    whole = {name for name, _ in model.named_parameters()}
    assert (learnt == set()) == (train == "frozen")
    assert (learnt == whole) == (train == "full")
    assert language_model.is_referenced(Pretrained(model="m", train=train)) == (train != "full")


def test_more_layers_than_there_are_is_said(tiny_models: Path) -> None:
    with pytest.raises(ConfigError, match="layers, not 99"):
        language_model.from_texts(Pretrained(model=str(tiny_models / "gpt2"), train="last", last_layers=99), TEXTS)
