"""MobileNetV2 of the Hub, such as google/mobilenet_v2_1.0_224, by id or folder.

In: pictures through the model's own processor. Out: the pooled vector [B 1 D] or the last map's cells [B N D].
Source: Sandler et al., arXiv 1801.04381; the network is transformers'.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import torch
from jaxtyping import Float
from PIL import Image
from pydantic import Field
from torch import Tensor
from transformers import MobileNetV2Model

from memecap import hub
from memecap.config import PartConfig
from memecap.encoders._processor import Processor
from memecap.encoders.base import ImageEncoder, fingerprint


class MobileNet(ImageEncoder):
    """The convolutions without the classifier."""

    class Config(PartConfig):
        name: str = "mobilenet"
        model: str = Field("google/mobilenet_v2_1.0_224", description="a folder or a Hub id")
        output: Literal["pooled", "grid"] = Field("pooled", description="the mean over the map, or each of its cells")

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        folder = hub.fetch_model(config.model)
        self.processor = Processor(folder)
        self.model = hub.pretrained(MobileNetV2Model, folder)
        self.pooled = config.output == "pooled"
        with torch.no_grad():
            _, self.n_tokens, self.width = self(self.transform(Image.new("RGB", (64, 64)))[None]).shape

    def transform(self, image: Image.Image) -> Float[Tensor, "3 H W"]:
        return self.processor(image)

    def forward(self, pixels: Float[Tensor, "B 3 H W"]) -> Float[Tensor, "B N D"]:
        maps: Tensor = self.model(pixel_values=pixels).last_hidden_state
        cells = maps.flatten(2).transpose(1, 2)
        return cells.mean(dim=1, keepdim=True) if self.pooled else cells

    @property
    def fingerprint(self) -> str:
        return fingerprint(self, self.processor.settings, self.config.model_dump()["output"])

    def save(self, folder: Path) -> None:
        self.model.save_pretrained(folder)
        self.processor.save(folder)
