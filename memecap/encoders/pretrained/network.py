"""A pretrained vision network of transformers with the image processor that belongs to it: what most encoders hold.

In: a model's class and its folder or Hub id. Out: an encoder that transforms pictures, tells its fingerprint, and saves
itself as transformers does.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jaxtyping import Float
from PIL import Image
from torch import Tensor, nn

from memecap.core import hub
from memecap.encoders.base import ImageEncoder, fingerprint
from memecap.encoders.pretrained.processor import Processor


class Network(nn.Module):
    """`model` is called as the class wants it; the rest is the same for all of them."""

    def __init__(self, model_class: Any, model: str, **arguments: Any) -> None:
        super().__init__()
        folder = hub.fetch_model(model)
        self.processor = Processor(folder)
        self.model = hub.pretrained(model_class, folder, **arguments)

    def forward(self, pixels: Float[Tensor, "B 3 H W"]) -> Any:
        """The model's own answer."""
        return self.model(pixel_values=pixels)


class NetworkEncoder(ImageEncoder):
    """An encoder around one network of transformers; a part says what it takes of the network's answer."""

    config: Any

    def __init__(self, config: Any, model_class: Any, **arguments: Any) -> None:
        super().__init__()
        self.config = config
        self.network = Network(model_class, config.model, **arguments)

    def transform(self, image: Image.Image) -> Float[Tensor, "3 H W"]:
        return self.network.processor(image)

    @property
    def fingerprint(self) -> str:
        return fingerprint(self.network, self.network.processor.settings, self.config.output)

    def save(self, folder: Path) -> None:
        self.network.model.save_pretrained(folder)
        self.network.processor.save(folder)
