"""The image processor that belongs to a pretrained model: upright RGB picture → pixels [3 H W]."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor
from transformers import AutoImageProcessor

from memecap.core import hub
from memecap.errors import DataError


class Processor:
    """transformers' processor of a model's folder, in its Pillow form: torchvision is not needed."""

    def __init__(self, folder: Path) -> None:
        hub.fetch(str(folder), ("preprocessor_config.json",))
        try:
            self.processor: Any = AutoImageProcessor.from_pretrained(folder, backend="pil", local_files_only=True)
        except Exception as error:  # whatever a wrong value meets in transformers
            raise DataError(
                f"cannot read the image processor: {str(error).splitlines()[0]}",
                where=folder / "preprocessor_config.json",
                fix="Fetch the model again, or choose another one.",
            ) from error

    def __call__(self, image: Image.Image) -> Float[Tensor, "3 H W"]:
        pixels = self.processor(images=image.convert("RGB"), return_tensors="pt")["pixel_values"][0]
        return torch.as_tensor(pixels, dtype=torch.float32)

    @property
    def settings(self) -> dict[str, Any]:
        """What the transform does, as a JSON value."""
        return dict(self.processor.to_dict())

    def save(self, folder: Path) -> None:
        self.processor.save_pretrained(folder)
