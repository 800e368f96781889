"""CLIP and SigLIP of the Hub: OpenAI's, LAION's, Google's, by their id or folder.

In: pictures through the model's own processor. Out: the pooled vector [B 1 D] or the grid of patches [B N D]; and
vectors of sentences in the same space as the pooled ones.
Source: Radford et al., arXiv 2103.00020; Zhai et al., arXiv 2303.15343; the networks are transformers'.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from jaxtyping import Float, Int
from PIL import Image
from pydantic import Field
from torch import Tensor
from transformers import AutoModel, AutoTokenizer

from memecap.core import hub
from memecap.encoders.base import fingerprint
from memecap.encoders.pretrained.processor import Processor
from memecap.encoders.pretrained.two_towers import TwoTowers, TwoTowersConfig
from memecap.errors import DataError


class CLIP(TwoTowers):
    """A CLIP with the processor and the tokenizer of its folder."""

    class Config(TwoTowersConfig):
        name: str = "clip"
        model: str = Field("openai/clip-vit-base-patch32", description="a folder or a Hub id of a CLIP or SigLIP")

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.processor = Processor(self.folder)

    def transform(self, image: Image.Image) -> Float[Tensor, "3 H W"]:
        return self.processor(image)

    @property
    def fingerprint(self) -> str:
        return fingerprint(self, self.processor.settings, self.config.output)

    def save(self, folder: Path) -> None:
        self._with_own_vision().save_pretrained(folder)
        self.processor.save(folder)
        AutoTokenizer.from_pretrained(self.folder, local_files_only=True).save_pretrained(folder)

    def _load(self) -> Any:
        model = hub.pretrained(AutoModel, self.folder)
        if not hasattr(model, "get_image_features") or not hasattr(model, "vision_model"):
            what = f"{type(model).__name__} is not a CLIP nor a SigLIP"
            raise DataError(what, where=self.folder, fix="Choose such a model, or `vit`.")
        return model

    def _token_ids(self, texts: Sequence[str]) -> Int[Tensor, "B T"]:
        settings = {"padding": "max_length", "truncation": True, "max_length": self._window, "return_tensors": "pt"}
        ids: Tensor = self._tokenizer(list(texts), **settings)["input_ids"]
        return ids

    @cached_property
    def _tokenizer(self) -> Any:
        return AutoTokenizer.from_pretrained(self.folder, local_files_only=True)
