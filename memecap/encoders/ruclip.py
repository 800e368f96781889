"""ruCLIP: a Russian CLIP of ai-forever, from its own three files or from transformers' format.

In: upright RGB pictures; the centre square of the short side, bilinear. Out: the pooled vector [B 1 D] or the grid of
patches [B N D]; and, for sentences, the text tower's vectors in the same space as the pooled ones.
Source: ai-forever/ru-clip ruclip/processor.py, ruclip/model.py; CLIP is Radford et al., arXiv 2103.00020.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from PIL import Image
from pydantic import Field
from torch import Tensor
from transformers import CLIPModel

from memecap.core import hub, storage
from memecap.encoders.pretrained import ruclip_format
from memecap.encoders.pretrained.two_towers import TwoTowers, TwoTowersConfig
from memecap.text.yttm import YttmBPE

_FILES = ("config.json", "bpe.model")


class RuCLIP(TwoTowers):
    """A CLIP with its own transform and youtokentome's tokenizer."""

    class Config(TwoTowersConfig):
        name: str = "ruclip"
        model: str = Field("ai-forever/ruclip-vit-base-patch32-384", description="a folder or a Hub id")

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        model, settings = _load(self.folder)
        self.mean, self.std = settings.get("mean", ruclip_format.MEAN), settings.get("std", ruclip_format.STD)
        self.resolution: int = model.config.vision_config.image_size
        self._keep_vision(model)

    def transform(self, image: Image.Image) -> Float[Tensor, "3 H W"]:
        side = min(image.size)
        left, top = (image.width - side) // 2, (image.height - side) // 2
        square = image.convert("RGB").crop((left, top, left + side, top + side))
        square = square.resize((self.resolution, self.resolution), Image.Resampling.BILINEAR)
        pixels = torch.from_numpy(np.asarray(square).copy()).permute(2, 0, 1).float().div(255)
        return (pixels - torch.tensor(self.mean)[:, None, None]) / torch.tensor(self.std)[:, None, None]

    def fits(self, text: str) -> bool:
        """Whether the text window takes the whole sentence."""
        model, tokenizer = self._text_side
        window: int = model.config.text_config.max_position_embeddings
        return len(tokenizer.encode(text.lower())) + 2 <= window

    @torch.no_grad()
    def text_features(self, texts: Sequence[str]) -> Float[Tensor, "B D"]:
        """Vectors of sentences, comparable by cosine with the pooled vectors of pictures; cut at the text window."""
        model, tokenizer = self._text_side
        ids = torch.tensor(tokenizer.frame(texts, model.config.text_config.max_position_embeddings))
        vectors: Tensor = model.get_text_features(input_ids=ids).pooler_output
        return vectors

    @cached_property
    def _text_side(self) -> tuple[CLIPModel, YttmBPE]:
        return _load(self.folder)[0], YttmBPE.read(self.folder / "bpe.model")

    @property
    def fingerprint(self) -> str:
        settings = ["ruclip: centre square, bilinear", self.resolution, list(self.mean), list(self.std)]
        return self._fingerprint(settings)

    def save(self, folder: Path) -> None:
        model = self._with_own_vision(_load(self.folder)[0])
        ruclip_format.write(folder, model, YttmBPE.read(self.folder / "bpe.model"))


def _load(folder: Path) -> tuple[CLIPModel, dict[str, Any]]:
    hub.fetch(str(folder), _FILES)
    if "embed_dim" in storage.read_json(folder / "config.json"):
        return ruclip_format.read(folder)
    return hub.pretrained(CLIPModel, folder), {}
