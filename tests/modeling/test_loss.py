"""The shared loss against torch's own, for label smoothing and for weights."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from memecap.modeling.batch import Batch, Example, collate
from memecap.modeling.loss import token_loss

LENGTHS = (3, 1, 5)


@pytest.fixture
def tokens() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Logits of nine tokens over seven ids, their targets, and the example of each."""
    torch.manual_seed(0)
    examples = torch.repeat_interleave(torch.arange(3), torch.tensor(LENGTHS))
    return torch.randn(9, 7), torch.randint(0, 7, (9,)), examples


def batch(*weights: float, smoothing: float = 0.0) -> Batch:
    made = [Example([1] * n, weight=weight) for n, weight in zip(LENGTHS, weights or (1.0,) * 3, strict=True)]
    return collate(made, label_smoothing=smoothing)


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.9])
def test_smoothing_is_torch_s(tokens: tuple[torch.Tensor, ...], smoothing: float) -> None:
    logits, targets, examples = tokens
    loss = token_loss(batch(smoothing=smoothing), logits, targets, examples)
    expected = functional.cross_entropy(logits, targets, reduction="sum", label_smoothing=smoothing)
    torch.testing.assert_close(loss.total, expected)
    assert loss.n_tokens == 9


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_log_probabilities_from_elsewhere_are_smoothed_alike(
    tokens: tuple[torch.Tensor, ...], smoothing: float
) -> None:
    logits, targets, examples = tokens
    said = logits.log_softmax(dim=1).gather(1, targets[:, None])[:, 0]
    alone = token_loss(batch(smoothing=smoothing), logits, targets, examples)
    told = token_loss(batch(smoothing=smoothing), logits, targets, examples, said=said)
    torch.testing.assert_close(told.total, alone.total)


def test_weights_are_of_examples(tokens: tuple[torch.Tensor, ...]) -> None:
    logits, targets, examples = tokens
    losses = functional.cross_entropy(logits, targets, reduction="none")
    loss = token_loss(batch(2.0, 0.0, -0.5), logits, targets, examples)
    torch.testing.assert_close(loss.total, 2 * losses[:3].sum() - 0.5 * losses[4:].sum())
    assert loss.n_tokens == 9
