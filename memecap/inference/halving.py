"""Work on a batch that may not fit into memory: where it does not, it is done in halves, down to one picture."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import TypeVar

import torch

from memecap.core.device import is_out_of_memory
from memecap.core.progress import say

Item = TypeVar("Item")


def halving(work: Callable[[slice], list[Item]], n: int, first: int = 0) -> list[Item]:
    """What `work` gives for places `first` to `first + n`, in order; nothing for none.

    Raises what it raises, out of memory too where a single place does not fit.
    """
    if not n:
        return []
    try:
        return work(slice(first, first + n))
    except RuntimeError as error:
        if n == 1 or not is_out_of_memory(error):
            raise
    gc.collect()  # what the failed try held
    torch.cuda.empty_cache()
    half = n // 2
    say(f"out of memory: {n} pictures are captioned as {half} and {n - half}; a smaller --batch-size saves the try")
    return halving(work, half, first) + halving(work, n - half, first + half)
