"""Soft attention over a picture's grid, scored as Bahdanau does, with a gate: one step of Show, Attend and Tell.

e = vᵀ tanh(W a + U h); α = softmax(e); z = σ(f h) · Σ α a.
Source: Xu et al., arXiv 1502.03044, section 4.2; the scoring is Bahdanau et al., arXiv 1409.0473.

B pictures of N image tokens of width D, k captions a picture (C = B · k), H the state's width, A the attention's.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional


@dataclass(frozen=True, slots=True)
class Attended:
    """Where a captioner looked at each word of a caption, the end among the words; each row of weights sums to 1."""

    words: tuple[str, ...]
    weights: Float[Tensor, "T N"]


class SoftAttention(nn.Module):
    """`keys` once a picture, then `forward` once a word."""

    def __init__(self, *, width_in: int, state_width: int, width: int) -> None:
        super().__init__()
        self.key = nn.Linear(width_in, width)
        self.query = nn.Linear(state_width, width, bias=False)
        self.score = nn.Linear(width, 1, bias=False)
        self.gate = nn.Linear(state_width, width_in)

    def keys(self, tokens: Float[Tensor, "B N D"]) -> Float[Tensor, "B N A"]:
        keys: Tensor = self.key(tokens)
        return keys

    def forward(
        self, tokens: Float[Tensor, "B N D"], keys: Float[Tensor, "B N A"], hidden: Float[Tensor, "C H"]
    ) -> tuple[Float[Tensor, "C D"], Float[Tensor, "C N"]]:
        """The gated context and the weights; the captions of a picture stand together."""
        queries = self.query(hidden).reshape(len(tokens), -1, keys.shape[2])
        scores = self.score(torch.tanh(keys[:, None] + queries[:, :, None]))[..., 0]
        weights: Float[Tensor, "B k N"] = scores.softmax(dim=2)
        context = (weights @ tokens).flatten(0, 1)
        return torch.sigmoid(self.gate(hidden)) * context, weights.flatten(0, 1)


def resize(tokens: Float[Tensor, "B N D"], side: int) -> Float[Tensor, "B M D"]:
    """A square grid averaged (or repeated) to `side` × `side` cells."""
    old = math.isqrt(tokens.shape[1])
    maps = tokens.transpose(1, 2).reshape(len(tokens), -1, old, old)
    return functional.adaptive_avg_pool2d(maps, side).flatten(2).transpose(1, 2)
