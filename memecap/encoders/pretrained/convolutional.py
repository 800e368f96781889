"""Convolutional networks: the last map as image tokens, all its cells or their mean.

B pictures, D channels of a map of h × w cells, N image tokens.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import torch
from jaxtyping import Float
from PIL import Image
from pydantic import Field
from torch import Tensor

from memecap.core.config import PartConfig
from memecap.encoders.base import ImageEncoder
from memecap.encoders.pretrained.network import NetworkEncoder

Output = Literal["pooled", "grid"]


class ConvolutionalConfig(PartConfig):
    """Settings of every convolutional network."""

    model: str
    output: Output = Field("pooled", description="the mean over the last map, or each of its cells")


class ConvolutionalEncoder(NetworkEncoder):
    """The convolutions of a network of transformers, without the classifier. A part names the network's class."""

    model_class: ClassVar[Any]

    def __init__(self, config: ConvolutionalConfig) -> None:
        super().__init__(config, self.model_class)
        self.n_tokens, self.width = shape(self)

    def forward(self, pixels: Float[Tensor, "B 3 H W"]) -> Float[Tensor, "B N D"]:
        return cells(self.network(pixels).last_hidden_state, self.config.output)


def cells(maps: Float[Tensor, "B D h w"], output: Output) -> Float[Tensor, "B N D"]:
    found = maps.flatten(2).transpose(1, 2)
    return found.mean(dim=1, keepdim=True) if output == "pooled" else found


@torch.no_grad()
def shape(encoder: ImageEncoder) -> tuple[int, int]:
    """N and D, found by looking at one picture: they follow from the processor's resolution."""
    _, n_tokens, width = encoder(encoder.transform(Image.new("RGB", (64, 64)))[None]).shape
    return n_tokens, width
