"""ruCLIP: a Russian CLIP of ai-forever, from its own three files or from transformers' format.

In: upright RGB pictures; the centre square of the short side, bilinear. Out: the pooled vector [B 1 D] or the grid of
patches [B N D]; and, for sentences, the text tower's vectors in the same space as the pooled ones.
Source: ai-forever/ru-clip ruclip/processor.py, ruclip/model.py; CLIP is Radford et al., arXiv 2103.00020.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Int
from PIL import Image
from pydantic import Field
from torch import Tensor
from transformers import CLIPModel

from memecap.core import hub, storage
from memecap.encoders.base import fingerprint
from memecap.encoders.pretrained import ruclip_format
from memecap.encoders.pretrained.two_towers import TwoTowers, TwoTowersConfig
from memecap.text.yttm import YttmBPE


class RuCLIP(TwoTowers):
    """A CLIP with its own transform and youtokentome's tokenizer."""

    class Config(TwoTowersConfig):
        name: str = "ruclip"
        model: str = Field("ai-forever/ruclip-vit-base-patch32-384", description="a folder or a Hub id")

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        settings = storage.read_json(self.folder / "config.json")
        self.mean, self.std = settings.get("mean", ruclip_format.MEAN), settings.get("std", ruclip_format.STD)
        self.resolution: int = self.vision.config.image_size

    def transform(self, image: Image.Image) -> Float[Tensor, "3 H W"]:
        side = min(image.size)
        left, top = (image.width - side) // 2, (image.height - side) // 2
        square = image.convert("RGB").crop((left, top, left + side, top + side))
        square = square.resize((self.resolution, self.resolution), Image.Resampling.BILINEAR)
        pixels = torch.from_numpy(np.asarray(square).copy()).permute(2, 0, 1).float().div(255)
        return (pixels - torch.tensor(self.mean)[:, None, None]) / torch.tensor(self.std)[:, None, None]

    def fits(self, text: str) -> bool:
        """Whether the text window takes the whole sentence."""
        return len(self._tokenizer.encode(text.lower())) + 2 <= self._window

    @property
    def fingerprint(self) -> str:
        settings = ["ruclip: centre square, bilinear", self.resolution, list(self.mean), list(self.std)]
        return fingerprint(self, settings, self.config.output)

    def save(self, folder: Path) -> None:
        ruclip_format.write(folder, self._with_own_vision(), self._tokenizer)

    def _load(self) -> CLIPModel:
        hub.fetch(str(self.folder), ("config.json", "bpe.model"))
        if "embed_dim" in storage.read_json(self.folder / "config.json"):
            return ruclip_format.read(self.folder)
        return hub.pretrained(CLIPModel, self.folder)

    def _token_ids(self, texts: Sequence[str]) -> Int[Tensor, "B T"]:
        return torch.tensor(self._tokenizer.frame(texts, self._window))

    @cached_property
    def _tokenizer(self) -> YttmBPE:
        return YttmBPE.read(self.folder / "bpe.model")
