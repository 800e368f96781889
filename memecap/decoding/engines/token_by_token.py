"""Token by token: greedy search and sampling for models with a state of tensors, batched.

In: `first` logits and state of B pictures, and `step(ids, state) -> logits, state`. Out: ids of the captions, padded
with the end id, and their log-probabilities under the model itself: the same answers as transformers' own.

B pictures, C = B · candidates, V ids, T tokens.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor
from transformers import LogitsProcessorList

from memecap.decoding.base import Sampling, Search

State = tuple[Tensor, ...]  # each with the batch first
Step = Callable[[Tensor, State], tuple[Tensor, State]]


@torch.no_grad()
def token_by_token(
    first: Float[Tensor, "B V"], state: State, step: Step, search: Search, *, end_id: int, rules: Sequence[Any] = ()
) -> tuple[Int[Tensor, "C T"], Float[Tensor, " C"]]:
    """Captions of a picture stand together in what `step` gets; `state` may hold anything that goes with one.

    `rules` are a captioner's own (new ids [C t], scores [C V]) → scores, applied before the search's limits.
    """
    generator, logits = None, first
    limits = LogitsProcessorList([*rules, *search.limits(end_id)])
    if isinstance(search, Sampling):
        logits, state = repeat(first, state, search.n_candidates)
        generator = torch.Generator(first.device).manual_seed(search.seed)
        limits += search.warpers()
    ids = torch.empty(len(logits), 0, dtype=torch.long, device=first.device)
    total = torch.zeros(len(logits), device=first.device)
    done = torch.zeros(len(logits), dtype=torch.bool, device=first.device)
    while True:
        scores = limits(ids, logits.float())
        if generator is None:
            chosen = scores.argmax(dim=1)
        else:
            chosen = torch.multinomial(scores.softmax(dim=1), 1, generator=generator)[:, 0]
        chosen = chosen.masked_fill(done, end_id)
        said = logits.float().log_softmax(dim=1).gather(1, chosen[:, None])[:, 0]
        total = total + said.masked_fill(done, 0.0)
        ids = torch.cat([ids, chosen[:, None]], dim=1)
        done = done | (chosen == end_id)
        if bool(done.all()) or ids.shape[1] >= search.max_new_tokens:
            return ids, total
        logits, state = step(chosen, state)


def repeat(first: Float[Tensor, "B V"], state: State, n: int) -> tuple[Float[Tensor, "C V"], State]:
    """Logits and state of each picture n times, side by side."""
    return first.repeat_interleave(n, dim=0), tuple(part.repeat_interleave(n, dim=0) for part in state)
