"""ImageEncoder: a picture → pixels [3 H W] → image tokens [B N D].

B pictures, N image tokens of a picture (1 for a pooled vector), D their width, H W the encoder's own resolution.
"""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import torch
from jaxtyping import Float, Real
from PIL import Image
from torch import Tensor, nn

from memecap.core.config import PartConfig, build
from memecap.errors import ConfigError


class ImageEncoder(nn.Module, ABC):
    """A network that sees. It carries its own image transform, so no caller can feed it the wrong pixels."""

    Config: type[PartConfig] = PartConfig

    config: PartConfig
    n_tokens: int  # N
    width: int  # D
    n_codes: int | None = None  # of a vocabulary whose numbers the tokens are, each of width 1; None: they are vectors

    @abstractmethod
    def transform(self, image: Image.Image) -> Float[Tensor, "3 H W"]:
        """The pixels of one upright RGB picture, deterministic: no crop or flip by chance."""

    @abstractmethod
    def forward(self, pixels: Float[Tensor, "B 3 H W"]) -> Real[Tensor, "B N D"]:
        """Image tokens."""

    def encode(self, pixels: Sequence[Float[Tensor, "3 H W"]]) -> Real[Tensor, "B N D"]:
        """Image tokens of several pictures, computed where the weights lie."""
        first = next(self.parameters(), None)
        stacked = torch.stack(list(pixels))
        tokens: Tensor = self(stacked if first is None else stacked.to(first.device))
        return tokens

    @property
    @abstractmethod
    def fingerprint(self) -> str:
        """A short string that changes with the weights, the transform or the output: the key of cached features."""

    @abstractmethod
    def save(self, folder: Path) -> None:
        """Write files from which the same encoder is built by its `config` with `model` set to `folder`."""


def build_of_vectors(config: Any) -> ImageEncoder:
    """The encoder of these settings, for a captioner that computes with its tokens. Raises `ConfigError` for codes."""
    encoder: ImageEncoder = build("encoders", config)
    if encoder.n_codes is not None:
        what = f"{encoder.config.name} gives codes, numbers of a vocabulary, where the captioner wants vectors"
        raise ConfigError(what, where="captioner.encoder", fix="Take another encoder, or the captioner rudolph.")
    return encoder


def weights_hash(module: nn.Module) -> str:
    """SHA-256 of a network's weights and buffers by name: the same in whatever file format they were kept."""
    return hash_once(module, module.state_dict(keep_vars=True))


#: what each tensor of a module was, the tensors, their hash; as long as they are kept, no other has their identity
_hashed: WeakKeyDictionary[nn.Module, tuple[list[tuple[Any, ...]], list[Tensor], str]] = WeakKeyDictionary()


def hash_once(module: nn.Module, state: Mapping[str, Tensor]) -> str:
    """`state_hash` of some of a module's tensors, computed again only after one of them was changed or replaced.

    torch counts the changes of a tensor, wherever it lies. What is being learnt is not remembered.
    """
    stamps = [
        (name, id(part), -1 if part.is_inference() else part._version, part.dtype) for name, part in state.items()
    ]
    known, _, digest = _hashed.get(module, ([], [], ""))
    if digest and known == stamps:
        return digest
    digest = state_hash(state)
    if not any(part.requires_grad for part in state.values()):
        _hashed[module] = stamps, list(state.values()), digest
    return digest


def state_hash(state: Mapping[str, Any]) -> str:
    """The same of tensors by name."""
    digest = hashlib.sha256()
    for name, tensor in sorted(state.items()):
        digest.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}\0".encode())
        digest.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy())
    return digest.hexdigest()


def sight(encoder: nn.Module) -> str:
    """The hash of the weights that look at the picture: two outputs of one network have the same."""
    return weights_hash(getattr(encoder, "vision", encoder))


def fingerprint(module: nn.Module, transform: Any, output: str) -> str:
    """A fingerprint from the weights, the transform's settings (a JSON value) and the name of the output."""
    settings = json.dumps([transform, output], sort_keys=True, default=str)
    return hashlib.sha256(f"{weights_hash(module)} {settings}".encode()).hexdigest()[:20]
