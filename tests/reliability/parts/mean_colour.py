"""An encoder without weights: the mean colour of a picture."""

from __future__ import annotations

from pathlib import Path

import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor

from memecap.core.config import PartConfig
from memecap.encoders.base import ImageEncoder


class MeanColour(ImageEncoder):
    class Config(PartConfig):
        name: str = "tests.reliability.parts.mean_colour"

    n_tokens, width, fingerprint = 1, 3, "mean-colour"

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config

    def transform(self, image: Image.Image) -> Float[Tensor, "3 H W"]:
        return torch.tensor(image.resize((1, 1)).getpixel((0, 0)), dtype=torch.float32)[:, None, None]

    def forward(self, pixels: Float[Tensor, "B 3 H W"]) -> Float[Tensor, "B N D"]:
        return pixels.flatten(2).mean(-1, keepdim=True).transpose(1, 2)

    def save(self, folder: Path) -> None:
        """Nothing: it has no weights."""
