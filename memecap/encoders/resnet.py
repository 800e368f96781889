"""ResNet of the Hub, such as microsoft/resnet-50 and microsoft/resnet-101, by id or folder.

In: pictures through the model's own processor. Out: the pooled vector [B 1 D] or the last map's cells [B N D].
Source: He et al., arXiv 1512.03385; the network is transformers'.
"""

from __future__ import annotations

from pydantic import Field
from transformers import ResNetModel

from memecap.core.config import PartConfig
from memecap.encoders.pretrained.convolutional import OUTPUT, ConvolutionalEncoder, Output


class ResNet(ConvolutionalEncoder):
    class Config(PartConfig):
        name: str = "resnet"
        model: str = Field("microsoft/resnet-50", description="a folder or a Hub id")
        output: Output = Field("pooled", description=OUTPUT)

    def __init__(self, config: Config) -> None:
        super().__init__(config, ResNetModel)
