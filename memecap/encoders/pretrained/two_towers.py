"""The frame of CLIPs: a vision tower here, and a text tower that is read from the files when it is first asked.

In: a model of transformers with `vision_model` and perhaps `visual_projection`. Out: the pooled vector [B 1 D] or the
grid of patches [B N D].
"""

from __future__ import annotations

from typing import Any, Literal

from jaxtyping import Float
from pydantic import Field
from torch import Tensor, nn

from memecap.core import hub
from memecap.core.config import PartConfig
from memecap.encoders.base import ImageEncoder, fingerprint


class TwoTowersConfig(PartConfig):
    """Settings of every CLIP."""

    model: str
    output: Literal["pooled", "grid"] = Field("pooled", description="one vector, or one for each patch")


class TwoTowers(ImageEncoder):
    """A part loads the model, transforms pictures and reads texts."""

    config: TwoTowersConfig

    def __init__(self, config: TwoTowersConfig) -> None:
        super().__init__()
        self.config = config
        self.folder = hub.fetch_model(config.model)
        self.pooled = config.output == "pooled"

    def _keep_vision(self, model: Any) -> None:
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

    def _fingerprint(self, transform: Any) -> str:
        return fingerprint(self, transform, self.config.output)

    def _with_own_vision(self, model: Any) -> Any:
        """The whole model, with the weights of the vision tower as they are here."""
        model.vision_model.load_state_dict(self.vision.state_dict())
        if isinstance(self.projection, nn.Linear):
            model.visual_projection.load_state_dict(self.projection.state_dict())
        return model
