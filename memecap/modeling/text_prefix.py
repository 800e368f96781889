"""A caption's own vector in place of its picture's: the mapper learns from text alone.

In: captions. Out: their vectors by the text tower of a CLIP, of length one; while learning, Gaussian noise moves them
by about as far as pictures are from their captions, and they are brought back to length one.
Source: Nukrai et al., CapDec, arXiv 2211.00575.

B captions, D the width of the space that pictures and texts share.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from memecap.encoders.base import ImageEncoder
from memecap.errors import ConfigError


class TextPrefix:
    """Vectors of captions, each computed once: 4 · D bytes are kept of every caption seen."""

    def __init__(self, encoder: ImageEncoder | None, *, noise: float) -> None:
        if not hasattr(encoder, "text_features") or getattr(encoder, "n_tokens", 0) != 1:
            raise ConfigError(
                "text_noise wants an encoder with a text tower, and its pooled vector",
                where="captioner.encoder",
                fix="Take clip or ruclip with output: pooled.",
            )
        self._encoder: Any = encoder
        self._noise = noise
        self._known: dict[str, Tensor] = {}

    def __call__(self, captions: Sequence[str], *, learning: bool) -> Float[Tensor, "B 1 D"]:
        new = list(dict.fromkeys(caption for caption in captions if caption not in self._known))
        if new:
            vectors = self._encoder.text_features(new).detach().float().cpu()
            self._known.update(zip(new, functional.normalize(vectors, dim=1), strict=True))
        found = torch.stack([self._known[caption] for caption in captions])
        if learning:
            found = functional.normalize(found + math.sqrt(self._noise) * torch.randn_like(found), dim=1)
        return found[:, None]
