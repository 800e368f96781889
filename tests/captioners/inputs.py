"""Random pictures for a captioner, and batches of captions with them."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from memecap.captioners.base import Captioner
from memecap.modeling.batch import Batch, collate
from memecap.reading.base import Reading

Build = Callable[..., Captioner]


def pictures(captioner: Captioner, n: int) -> Tensor:
    assert captioner.encoder is not None
    return torch.randn(
        n, captioner.encoder.n_tokens, captioner.encoder.width, generator=torch.Generator().manual_seed(1)
    )


def batch_of(captioner: Captioner, texts: list[str], reading: Reading | None = None) -> Batch:
    seen = pictures(captioner, len(texts))
    return collate(
        [captioner.example(text, image=image, reading=reading) for text, image in zip(texts, seen, strict=True)]
    )
