"""ruCLIP: a Russian CLIP of ai-forever, from its own three files or from transformers' format.

In: upright RGB pictures; the centre square of the short side, bilinear. Out: the pooled vector [B 1 D] or the grid of
patches [B N D]; and, for sentences, the text tower's vectors in the same space as the pooled ones.
Source: ai-forever/ru-clip ruclip/processor.py, ruclip/model.py; CLIP is Radford et al., arXiv 2103.00020.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from jaxtyping import Float
from PIL import Image
from pydantic import Field
from torch import Tensor, nn
from transformers import CLIPModel

from memecap.core import hub, storage
from memecap.core.config import PartConfig
from memecap.encoders.backbones import ruclip_format
from memecap.encoders.base import ImageEncoder, fingerprint
from memecap.text.yttm import YttmBPE

_FILES = ("config.json", "bpe.model")


class RuCLIP(ImageEncoder):
    """The vision tower; the text tower is read from the files when `text_features` first asks for it."""

    class Config(PartConfig):
        name: str = "ruclip"
        model: str = Field("ai-forever/ruclip-vit-base-patch32-384", description="a folder or a Hub id")
        output: Literal["pooled", "grid"] = Field("pooled", description="one vector, or one for each patch")

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        self.folder = hub.fetch_model(config.model)
        model, settings = _load(self.folder)
        vision = model.config.vision_config
        self.mean, self.std = settings.get("mean", ruclip_format.MEAN), settings.get("std", ruclip_format.STD)
        self.resolution: int = vision.image_size
        self.pooled = config.output == "pooled"
        self.vision = model.vision_model
        self.projection = model.visual_projection if self.pooled else nn.Identity()
        self.n_tokens = 1 if self.pooled else (vision.image_size // vision.patch_size) ** 2
        self.width = model.config.projection_dim if self.pooled else vision.hidden_size
        self._text: tuple[CLIPModel, YttmBPE] | None = None

    def transform(self, image: Image.Image) -> Float[Tensor, "3 H W"]:
        side = min(image.size)
        left, top = (image.width - side) // 2, (image.height - side) // 2
        square = image.convert("RGB").crop((left, top, left + side, top + side))
        square = square.resize((self.resolution, self.resolution), Image.Resampling.BILINEAR)
        pixels = torch.from_numpy(np.asarray(square).copy()).permute(2, 0, 1).float().div(255)
        return (pixels - torch.tensor(self.mean)[:, None, None]) / torch.tensor(self.std)[:, None, None]

    def forward(self, pixels: Float[Tensor, "B 3 H W"]) -> Float[Tensor, "B N D"]:
        seen = self.vision(pixel_values=pixels)
        if self.pooled:
            vectors: Tensor = self.projection(seen.pooler_output)[:, None]
            return vectors
        grid: Tensor = seen.last_hidden_state[:, 1:]
        return grid

    def fits(self, text: str) -> bool:
        """Whether the text window takes the whole sentence."""
        model, tokenizer = self._reading()
        window: int = model.config.text_config.max_position_embeddings
        return len(tokenizer.encode(text.lower())) + 2 <= window

    @torch.no_grad()
    def text_features(self, texts: Sequence[str]) -> Float[Tensor, "B D"]:
        """Vectors of sentences, comparable by cosine with the pooled vectors of pictures; cut at the text window."""
        model, tokenizer = self._reading()
        ids = torch.tensor(tokenizer.frame(texts, model.config.text_config.max_position_embeddings))
        vectors: Tensor = model.get_text_features(input_ids=ids).pooler_output
        return vectors

    def _reading(self) -> tuple[CLIPModel, YttmBPE]:
        if self._text is None:
            self._text = _load(self.folder)[0], YttmBPE.read(self.folder / "bpe.model")
        return self._text

    @property
    def fingerprint(self) -> str:
        settings = ["ruclip: centre square, bilinear", self.resolution, list(self.mean), list(self.std)]
        return fingerprint(self, settings, self.config.model_dump()["output"])

    def save(self, folder: Path) -> None:
        model, _ = _load(self.folder)
        model.vision_model.load_state_dict(self.vision.state_dict())
        if self.pooled:
            model.visual_projection.load_state_dict(self.projection.state_dict())
        ruclip_format.write(folder, model, YttmBPE.read(self.folder / "bpe.model"))


def _load(folder: Path) -> tuple[CLIPModel, dict[str, Any]]:
    hub.fetch(str(folder), _FILES)
    if "embed_dim" in storage.read_json(folder / "config.json"):
        return ruclip_format.read(folder)
    return hub.pretrained(CLIPModel, folder), {}
