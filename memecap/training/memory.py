"""When a batch does not fit into memory: halve it. A window's loss is one sum, so halves have the same gradient."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from memecap.batching import Batch, Images
from memecap.training.data import Share


def is_out_of_memory(error: RuntimeError) -> bool:
    """CUDA has an exception of its own, the CPU's allocator only a message."""
    return isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in str(error)


def halve(share: Share) -> list[Share]:
    """Two shares that together hold the examples of one; one of a single example stays as it is."""
    middle = len(share.batch) // 2
    if middle == 0:
        return [share]
    parts = [_rows(share.batch, slice(None, middle)), _rows(share.batch, slice(middle, None))]
    return [Share(part, part.n_tokens if share.n_tokens else 0) for part in parts]


def cut(window: Sequence[Share], times: int) -> list[Share]:
    """Every share of a window, halved so many times."""
    shares = list(window)
    for _ in range(times):
        shares = [half for share in shares for half in halve(share)]
    return shares


def _rows(batch: Batch, rows: slice) -> Batch:
    return Batch(
        images=None if batch.images is None else _image_rows(batch.images, rows),
        token_ids=batch.token_ids[rows],
        token_mask=batch.token_mask[rows],
        reading_ids=batch.reading_ids[rows],
        reading_mask=batch.reading_mask[rows],
    )


def _image_rows(images: Images, rows: slice) -> Images:
    if images.pixels is not None:
        return Images(pixels=images.pixels[rows])
    return Images(features=images.tensor[rows])
