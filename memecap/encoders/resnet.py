"""ResNet of the Hub, such as microsoft/resnet-50 and microsoft/resnet-101, by id or folder.

In: pictures through the model's own processor. Out: the pooled vector [B 1 D] or the last map's cells [B N D].
Source: He et al., arXiv 1512.03385; the network is transformers'.
"""

from __future__ import annotations

from pydantic import Field
from transformers import ResNetModel

from memecap.encoders.pretrained.network import ConvolutionalConfig, ConvolutionalEncoder


class ResNet(ConvolutionalEncoder):
    model_class = ResNetModel

    class Config(ConvolutionalConfig):
        name: str = "resnet"
        model: str = Field("microsoft/resnet-50", description="a folder or a Hub id")
