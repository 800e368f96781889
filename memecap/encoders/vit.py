"""ViT of the Hub, such as google/vit-base-patch16-224, by id or folder.

In: pictures through the model's own processor. Out: the class token [B 1 D], the grid of patches [B N D], or both.
Source: Dosovitskiy et al., arXiv 2010.11929; the networks are transformers'.
"""

from __future__ import annotations

from typing import Literal

from jaxtyping import Float
from pydantic import Field
from torch import Tensor
from transformers import ViTModel

from memecap.core.config import PartConfig
from memecap.encoders.pretrained.network import NetworkEncoder


class ViT(NetworkEncoder):
    """The last layer's states after its norm; the pooler, which is trained for classes, is left out."""

    class Config(PartConfig):
        name: str = "vit"
        model: str = Field("google/vit-base-patch16-224", description="a folder or a Hub id")
        output: Literal["pooled", "grid", "all"] = Field(
            "pooled", description="the class token, one vector for each patch, or all of these, the class token first"
        )

    config: Config

    def __init__(self, config: Config) -> None:
        super().__init__(config, ViTModel, add_pooling_layer=False)
        settings = self.network.model.config
        n_patches = (settings.image_size // settings.patch_size) ** 2
        self.kept = {"pooled": slice(0, 1), "grid": slice(1, None), "all": slice(None)}[config.output]
        self.n_tokens = {"pooled": 1, "grid": n_patches, "all": n_patches + 1}[config.output]
        self.width = settings.hidden_size

    def forward(self, pixels: Float[Tensor, "B 3 H W"]) -> Float[Tensor, "B N D"]:
        states: Tensor = self.network.model(pixel_values=pixels).last_hidden_state
        return states[:, self.kept]
