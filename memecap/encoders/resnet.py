"""ResNet of the Hub, such as microsoft/resnet-50 and microsoft/resnet-101, by id or folder.

In: pictures through the model's own processor. Out: the pooled vector [B 1 D] or the last map's cells [B N D].
Source: He et al., arXiv 1512.03385; the network is transformers'.
"""

from __future__ import annotations

from pathlib import Path

from jaxtyping import Float
from PIL import Image
from pydantic import Field
from torch import Tensor
from transformers import ResNetModel

from memecap.core.config import PartConfig
from memecap.encoders.backbones import cells as _cells
from memecap.encoders.backbones.network import Network
from memecap.encoders.base import ImageEncoder


class ResNet(ImageEncoder):
    """The convolutions without the classifier."""

    class Config(PartConfig):
        name: str = "resnet"
        model: str = Field("microsoft/resnet-50", description="a folder or a Hub id")
        output: _cells.Output = Field("pooled", description=_cells.OUTPUT)

    config: Config

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        self.network = Network(ResNetModel, config.model)
        self.n_tokens, self.width = _cells.shape(self)

    def transform(self, image: Image.Image) -> Float[Tensor, "3 H W"]:
        return self.network.transform(image)

    def forward(self, pixels: Float[Tensor, "B 3 H W"]) -> Float[Tensor, "B N D"]:
        return _cells.tokens(self.network(pixels).last_hidden_state, self.config.output)

    @property
    def fingerprint(self) -> str:
        return self.network.fingerprint(self.config.output)

    def save(self, folder: Path) -> None:
        self.network.save(folder)
