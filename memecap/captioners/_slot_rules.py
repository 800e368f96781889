"""What may follow in a caption with slots: only lines there are, each once; nothing that is not written.

In: new ids [C t] and scores [C V] of each step of the search. Out: scores with the impossible at minus infinity.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from transformers import LogitsProcessor

from memecap.captioners._line_marks import slot
from memecap.captioners._slots import UNREAD


class SlotRules(LogitsProcessor):  # type: ignore[misc]
    """A quote that nobody read may be written only where no line was read at all."""

    def __init__(self, ids: Mapping[str, int], n_lines: Sequence[int], never: Sequence[int]) -> None:
        self.n_lines = n_lines
        self.never = list(never)
        self.unread = ids[slot(UNREAD)]
        n_slots = sum(name.startswith("<line") for name in ids)
        self.slots = [ids[slot(i)] for i in range(n_slots)]

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        banned = torch.zeros_like(scores, dtype=torch.bool)
        banned[:, self.never] = True
        n_candidates = len(scores) // len(self.n_lines)
        slots = torch.tensor(self.slots, device=scores.device)
        for row in range(len(scores)):
            n_lines = self.n_lines[row // n_candidates]
            banned[row, slots[n_lines:]] = True
            banned[row, self.unread] = n_lines > 0
        written = input_ids.new_zeros(scores.shape, dtype=torch.bool).scatter(1, input_ids, True)
        banned[:, slots] |= written[:, slots]
        return scores.masked_fill(banned, float("-inf"))
