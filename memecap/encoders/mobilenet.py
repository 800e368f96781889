"""MobileNetV2 of the Hub, such as google/mobilenet_v2_1.0_224, by id or folder.

In: pictures through the model's own processor. Out: the pooled vector [B 1 D] or the last map's cells [B N D].
Source: Sandler et al., arXiv 1801.04381; the network is transformers'.
"""

from __future__ import annotations

from pydantic import Field
from transformers import MobileNetV2Model

from memecap.encoders.pretrained.network import ConvolutionalConfig, ConvolutionalEncoder


class MobileNet(ConvolutionalEncoder):
    model_class = MobileNetV2Model

    class Config(ConvolutionalConfig):
        name: str = "mobilenet"
        model: str = Field("google/mobilenet_v2_1.0_224", description="a folder or a Hub id")
