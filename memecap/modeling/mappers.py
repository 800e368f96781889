"""Mappers: image tokens [B N D] → a prefix of vectors [B K W] that the decoder reads as if they were words.

B pictures, N image tokens of width D, K prefix vectors of width W.
Source: Mokady et al., ClipCap, arXiv 2111.09734 (rmokady/CLIP_prefix_caption train.py: MLP, TransformerMapper).
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn


class MLP(nn.Module):
    """One vector → K·W/2 → tanh → K·W; several image tokens are averaged first."""

    def __init__(self, *, width_in: int, width: int, length: int) -> None:
        super().__init__()
        self.length = length
        hidden = width * length // 2
        self.layers = nn.Sequential(nn.Linear(width_in, hidden), nn.Tanh(), nn.Linear(hidden, width * length))

    def forward(self, images: Float[Tensor, "B N D"]) -> Float[Tensor, "B K W"]:
        prefix: Tensor = self.layers(images.mean(dim=1))
        return prefix.reshape(len(images), self.length, -1)


class Linear(nn.Module):
    """Each image token becomes one prefix vector, so K = N."""

    def __init__(self, *, width_in: int, width: int) -> None:
        super().__init__()
        self.layers = nn.Linear(width_in, width)

    def forward(self, images: Float[Tensor, "B N D"]) -> Float[Tensor, "B K W"]:
        prefix: Tensor = self.layers(images)
        return prefix


class Transformer(nn.Module):
    """Image tokens and K learnt queries through self-attention; the queries' states are the prefix.

    Each image token is first unfolded into `unfold` tokens: one pooled vector into as many as the prefix in the paper.
    """

    def __init__(self, *, width_in: int, width: int, length: int, unfold: int, n_layers: int, n_heads: int) -> None:
        super().__init__()
        self.inner = nn.Linear(width_in, width * unfold)
        self.queries = nn.Parameter(torch.randn(length, width))
        layer = nn.TransformerEncoderLayer(
            width, n_heads, dim_feedforward=2 * width, dropout=0.0, batch_first=True, norm_first=True
        )
        self.layers = nn.TransformerEncoder(layer, n_layers, enable_nested_tensor=False)

    def forward(self, images: Float[Tensor, "B N D"]) -> Float[Tensor, "B K W"]:
        tokens = self.inner(images).reshape(len(images), -1, self.queries.shape[1])
        queries = self.queries.expand(len(images), -1, -1)
        states: Tensor = self.layers(torch.cat([tokens, queries], dim=1))
        return states[:, -len(self.queries) :]
