"""A pretrained vision network of transformers with the image processor that belongs to it: what most encoders hold.

In: a model's class and its folder or Hub id. Out: an encoder that transforms pictures, tells its fingerprint, and saves
itself as transformers does. Convolutional networks give their last map as image tokens, all its cells or their mean.

B pictures, D channels of a map of h × w cells, N image tokens.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Literal

import torch
from jaxtyping import Float
from PIL import Image
from pydantic import Field
from torch import Tensor, nn

from memecap.core import hub
from memecap.core.config import PartConfig
from memecap.encoders.base import ImageEncoder, fingerprint
from memecap.encoders.pretrained.processor import Processor

Output = Literal["pooled", "grid"]


class NetworkEncoder(ImageEncoder):
    """An encoder around one network of transformers; a part says what it takes of the network's answer."""

    config: Any

    def __init__(self, config: Any, model_class: Any, **arguments: Any) -> None:
        super().__init__()
        self.config = config
        folder = hub.fetch_model(config.model)
        self.processor = Processor(folder)
        # in checkpoints and fingerprints the names of the weights begin so
        self.network: Any = nn.ModuleDict({"model": hub.pretrained(model_class, folder, **arguments)})

    def transform(self, image: Image.Image) -> Float[Tensor, "3 H W"]:
        return self.processor(image)

    @property
    def fingerprint(self) -> str:
        return fingerprint(self.network, self.processor.settings, self.config.output)

    def save(self, folder: Path) -> None:
        self.network.model.save_pretrained(folder)
        self.processor.save(folder)


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
        return cells(self.network.model(pixel_values=pixels).last_hidden_state, self.config.output)


def cells(maps: Float[Tensor, "B D h w"], output: Output) -> Float[Tensor, "B N D"]:
    found = maps.flatten(2).transpose(1, 2)
    return found.mean(dim=1, keepdim=True) if output == "pooled" else found


@torch.no_grad()
def shape(encoder: ImageEncoder) -> tuple[int, int]:
    """N and D, found by looking at one picture: they follow from the processor's resolution."""
    _, n_tokens, width = encoder(encoder.transform(Image.new("RGB", (64, 64)))[None]).shape
    return n_tokens, width
