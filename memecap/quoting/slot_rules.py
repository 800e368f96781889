"""What may follow in a caption with slots: only lines there are, each once; nothing that is not written.

In: new ids [C t] and scores [C V] of each step of the search. Out: scores with the impossible at minus infinity.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from transformers import LogitsProcessor

from memecap.quoting.line_marks import slot
from memecap.quoting.slots import UNREAD


class SlotRules(LogitsProcessor):  # type: ignore[misc]
    """A quote that nobody read may be written only where no line was read at all."""

    def __init__(self, ids: Mapping[str, int], n_lines: Sequence[int], never: Sequence[int]) -> None:
        self.n_lines = n_lines
        self.never = list(never)
        self.unread = ids[slot(UNREAD)]
        n_slots = sum(name.startswith("<line") for name in ids)
        self.slots = [ids[slot(i)] for i in range(n_slots)]
        self._banned: Tensor | None = None

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        if self._banned is None or self._banned.shape != scores.shape:
            self._banned = self._always_banned(scores)
        written = torch.zeros_like(scores, dtype=torch.bool).scatter(1, input_ids, True)
        banned = self._banned.clone()
        banned[:, self.slots] |= written[:, self.slots]
        return scores.masked_fill(banned, float("-inf"))

    def _always_banned(self, scores: Tensor) -> Tensor:
        """[C V]: what no step of the search may write."""
        n_lines = torch.tensor(self.n_lines, device=scores.device)
        n_lines = n_lines.repeat_interleave(len(scores) // len(self.n_lines))[:, None]
        banned = torch.zeros_like(scores, dtype=torch.bool)
        banned[:, self.never] = True
        banned[:, self.slots] = torch.arange(len(self.slots), device=scores.device) >= n_lines
        banned[:, self.unread] = n_lines[:, 0] > 0
        return banned
