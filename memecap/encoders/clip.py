"""CLIP and SigLIP of the Hub: OpenAI's, LAION's, Google's, by their id or folder.

In: pictures through the model's own processor. Out: the pooled vector [B 1 D] or the grid of patches [B N D]; and
vectors of sentences in the same space as the pooled ones.
Source: Radford et al., arXiv 2103.00020; Zhai et al., arXiv 2303.15343; the networks are transformers'.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import torch
from jaxtyping import Float
from PIL import Image
from pydantic import Field
from torch import Tensor, nn
from transformers import AutoModel, AutoTokenizer

from memecap.core import hub
from memecap.core.config import PartConfig
from memecap.encoders.backbones.processor import Processor
from memecap.encoders.base import ImageEncoder, fingerprint
from memecap.errors import DataError


class CLIP(ImageEncoder):
    """The vision tower; the text tower is read from the files when `text_features` first asks for it."""

    class Config(PartConfig):
        name: str = "clip"
        model: str = Field("openai/clip-vit-base-patch32", description="a folder or a Hub id of a CLIP or SigLIP")
        output: Literal["pooled", "grid"] = Field("pooled", description="one vector, or one for each patch")

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        self.folder = hub.fetch_model(config.model)
        self.processor = Processor(self.folder)
        model = _load(self.folder)
        vision = model.config.vision_config
        self.pooled = config.output == "pooled"
        self.vision = model.vision_model
        self.projection = getattr(model, "visual_projection", nn.Identity()) if self.pooled else nn.Identity()
        self.n_tokens = 1 if self.pooled else (vision.image_size // vision.patch_size) ** 2
        self.width = getattr(self.projection, "out_features", vision.hidden_size)
        self._text: tuple[Any, Any] | None = None

    def transform(self, image: Image.Image) -> Float[Tensor, "3 H W"]:
        return self.processor(image)

    def forward(self, pixels: Float[Tensor, "B 3 H W"]) -> Float[Tensor, "B N D"]:
        seen = self.vision(pixel_values=pixels)
        if self.pooled:
            vectors: Tensor = self.projection(seen.pooler_output)[:, None]
            return vectors
        grid: Tensor = seen.last_hidden_state[:, -self.n_tokens :]  # CLIP puts a class token first, SigLIP does not
        return grid

    @torch.no_grad()
    def text_features(self, texts: Sequence[str]) -> Float[Tensor, "B D"]:
        """Vectors of sentences, comparable by cosine with the pooled vectors of pictures; cut at the text window."""
        if self._text is None:
            self._text = _load(self.folder), AutoTokenizer.from_pretrained(self.folder, local_files_only=True)
        model, tokenizer = self._text
        window = model.config.text_config.max_position_embeddings
        words = tokenizer(list(texts), padding="max_length", truncation=True, max_length=window, return_tensors="pt")
        vectors: Tensor = model.get_text_features(input_ids=words["input_ids"]).pooler_output
        return vectors

    @property
    def fingerprint(self) -> str:
        return fingerprint(self, self.processor.settings, self.config.model_dump()["output"])

    def save(self, folder: Path) -> None:
        model = _load(self.folder)
        model.vision_model.load_state_dict(self.vision.state_dict())
        if isinstance(self.projection, nn.Linear):
            model.visual_projection.load_state_dict(self.projection.state_dict())
        model.save_pretrained(folder)
        self.processor.save(folder)
        AutoTokenizer.from_pretrained(self.folder, local_files_only=True).save_pretrained(folder)


def _load(folder: Path) -> Any:
    model = hub.pretrained(AutoModel, folder)
    if not hasattr(model, "get_image_features") or not hasattr(model, "vision_model"):
        raise DataError(
            f"{type(model).__name__} is not a CLIP nor a SigLIP", where=folder, fix="Choose such a model, or `vit`."
        )
    return model
