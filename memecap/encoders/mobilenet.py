"""MobileNetV2 of the Hub, such as google/mobilenet_v2_1.0_224, by id or folder.

In: pictures through the model's own processor. Out: the pooled vector [B 1 D] or the last map's cells [B N D].
Source: Sandler et al., arXiv 1801.04381; the network is transformers'.
"""

from __future__ import annotations

from pydantic import Field
from transformers import MobileNetV2Model

from memecap.core.config import PartConfig
from memecap.encoders.pretrained.convolutional import OUTPUT, ConvolutionalEncoder, Output


class MobileNet(ConvolutionalEncoder):
    class Config(PartConfig):
        name: str = "mobilenet"
        model: str = Field("google/mobilenet_v2_1.0_224", description="a folder or a Hub id")
        output: Output = Field("pooled", description=OUTPUT)

    def __init__(self, config: Config) -> None:
        super().__init__(config, MobileNetV2Model)
