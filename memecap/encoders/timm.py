"""Any network of timm with its pretrained weights: Inception v3, EfficientNet, ConvNeXt, … by Hub id or folder.

In: pictures through the transform that the model's own settings describe. Out: the pooled vector [B 1 D], or the last
map's cells (a transformer's patches) [B N D]. A folder holds timm's `config.json` and weights, as on the Hub.
Source: huggingface/pytorch-image-models; Inception v3 is Szegedy et al., arXiv 1512.00567. Extra: [timm].
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jaxtyping import Float
from PIL import Image
from pydantic import Field
from torch import Tensor

from memecap.core import hub
from memecap.encoders.base import ImageEncoder, fingerprint
from memecap.encoders.pretrained.network import ConvolutionalConfig, cells, shape
from memecap.errors import DataError, ServiceError


class Timm(ImageEncoder):
    """The network without its classifier."""

    class Config(ConvolutionalConfig):
        name: str = "timm"
        model: str = Field("timm/inception_v3.tv_in1k", description="a folder or a Hub id, in timm's format")

    config: Config

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        folder = hub.fetch_model(config.model)
        hub.fetch(str(folder), ("config.json",))
        timm = _library()
        try:
            self.model: Any = timm.create_model(f"local-dir:{folder}", pretrained=True, num_classes=0).eval()
        except (RuntimeError, KeyError, ValueError, FileNotFoundError) as error:
            raise DataError(
                f"timm cannot load the model: {str(error).splitlines()[0]}",
                where=folder,
                fix="Give a folder or a Hub id of a timm model: timm/….",
            ) from error
        self.settings: dict[str, Any] = timm.data.resolve_model_data_config(self.model)
        self._transform: Any = timm.data.create_transform(**self.settings, is_training=False)
        self.n_tokens, self.width = shape(self)

    def transform(self, image: Image.Image) -> Float[Tensor, "3 H W"]:
        pixels: Tensor = self._transform(image.convert("RGB"))
        return pixels

    def forward(self, pixels: Float[Tensor, "B 3 H W"]) -> Float[Tensor, "B N D"]:
        maps: Tensor = self.model.forward_features(pixels)
        if self.config.output == "pooled":
            pooled: Tensor = self.model.forward_head(maps, pre_logits=True)
            return pooled[:, None]
        if maps.ndim == 3:  # a transformer: class token and registers first
            return maps[:, getattr(self.model, "num_prefix_tokens", 0) :]
        if maps.shape[1] != self.model.num_features:  # Swin and its kin put the channels last
            maps = maps.permute(0, 3, 1, 2)
        return cells(maps, "grid")

    @property
    def fingerprint(self) -> str:
        return fingerprint(self, self.settings, self.config.output)

    def save(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        _library().models.save_for_hf(self.model, folder, safe_serialization=True)


def _library() -> Any:
    """timm, which needs torchvision. Raises `ServiceError` that says what to install."""
    try:
        import timm
        import timm.data
        import timm.models
    except (ImportError, RuntimeError) as error:  # a torchvision of another torch fails with RuntimeError
        raise ServiceError(
            f"timm is not installed, or its torchvision does not fit: {error}",
            where="encoder: timm",
            fix="pip install 'memecap[timm]', with a torchvision that was built for the installed torch.",
        ) from error
    return timm
