"""When a batch does not fit into memory: halve it. A window's loss is one sum, so halves have the same gradient."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from memecap.training.data import MicroBatch


def is_out_of_memory(error: RuntimeError) -> bool:
    """CUDA has an exception of its own, the CPU's allocator only a message."""
    return isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in str(error)


def halve(share: MicroBatch) -> list[MicroBatch]:
    """Two shares that together hold the examples of one; one of a single example stays as it is."""
    middle = len(share.batch) // 2
    if middle == 0:
        return [share]
    return [_part(share, slice(None, middle)), _part(share, slice(middle, None))]


def cut(window: Sequence[MicroBatch], times: int) -> list[MicroBatch]:
    """Every share of a window, halved so many times."""
    shares = list(window)
    for _ in range(times):
        shares = [half for share in shares for half in halve(share)]
    return shares


def _part(share: MicroBatch, rows: slice) -> MicroBatch:
    batch = share.batch.select(torch.arange(len(share.batch))[rows])
    return MicroBatch(batch, batch.n_tokens if share.n_tokens else 0, share.items[rows], share.readings[rows])
