"""The frame of CLIPs: a vision tower here, and a text tower that is read from the files when it is first asked.

In: a model of transformers with `vision_model` and perhaps `visual_projection`. Out: the pooled vector [B 1 D] or the
grid of patches [B N D].
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from functools import cached_property
from typing import Any, Literal

import torch
from jaxtyping import Float, Int
from pydantic import Field
from torch import Tensor, nn

from memecap.core import hub
from memecap.core.config import PartConfig
from memecap.encoders.base import ImageEncoder


class TwoTowersConfig(PartConfig):
    """Settings of every CLIP."""

    model: str
    output: Literal["pooled", "grid"] = Field("pooled", description="one vector, or one for each patch")


class TwoTowers(ImageEncoder):
    """A part loads the model, transforms pictures and tokenizes texts."""

    config: TwoTowersConfig

    def __init__(self, config: TwoTowersConfig) -> None:
        super().__init__()
        self.config = config
        self.folder = hub.fetch_model(config.model)
        self.pooled = config.output == "pooled"
        model = self._load()
        vision = model.config.vision_config
        self.vision = model.vision_model
        self.projection = getattr(model, "visual_projection", nn.Identity()) if self.pooled else nn.Identity()
        self.n_tokens = 1 if self.pooled else (vision.image_size // vision.patch_size) ** 2
        self.width = getattr(self.projection, "out_features", vision.hidden_size)

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
        vectors: Tensor = self._whole.get_text_features(input_ids=self._token_ids(texts)).pooler_output
        return vectors

    @abstractmethod
    def _load(self) -> Any:
        """The model of the files, both towers."""

    @abstractmethod
    def _token_ids(self, texts: Sequence[str]) -> Int[Tensor, "B T"]:
        """What the text tower reads, cut at its window."""

    @cached_property
    def _whole(self) -> Any:
        return self._load()

    @property
    def _window(self) -> int:
        """The longest text, in tokens."""
        return int(self._whole.config.text_config.max_position_embeddings)

    def _with_own_vision(self) -> Any:
        """The whole model, with the weights of the vision tower as they are here."""
        model = self._load()
        model.vision_model.load_state_dict(self.vision.state_dict())
        if isinstance(self.projection, nn.Linear):
            model.visual_projection.load_state_dict(self.projection.state_dict())
        return model
