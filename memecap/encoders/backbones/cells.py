"""The last map of a convolutional network as image tokens: all its cells, or their mean.

B pictures, D channels of a map of h × w cells, N image tokens.
"""

from __future__ import annotations

from typing import Literal

import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor

from memecap.encoders.base import ImageEncoder

Output = Literal["pooled", "grid"]
OUTPUT = "the mean over the last map, or each of its cells"


def tokens(maps: Float[Tensor, "B D h w"], output: Output) -> Float[Tensor, "B N D"]:
    cells = maps.flatten(2).transpose(1, 2)
    return cells.mean(dim=1, keepdim=True) if output == "pooled" else cells


@torch.no_grad()
def shape(encoder: ImageEncoder) -> tuple[int, int]:
    """N and D, found by looking at one picture: they follow from the processor's resolution."""
    _, n_tokens, width = encoder(encoder.transform(Image.new("RGB", (64, 64)))[None]).shape
    return n_tokens, width
