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
    limits, generator = LogitsProcessorList([*rules, *search.limits(end_id)]), None
    if isinstance(search, Sampling):
        first, state = repeat(first, search.n_candidates), select(state, search.n_candidates)
        generator = torch.Generator(first.device).manual_seed(search.seed)
        limits = LogitsProcessorList([*limits, *search.warpers()])
    return _write(first, state, step, limits, end_id, search.max_new_tokens, generator)


def _write(
    logits: Tensor, state: State, step: Step, limits: Any, end_id: int, longest: int, generator: torch.Generator | None
) -> tuple[Tensor, Tensor]:
    ids = torch.empty(len(logits), 0, dtype=torch.long, device=logits.device)
    total = torch.zeros(len(logits), device=logits.device)
    done = torch.zeros(len(logits), dtype=torch.bool, device=logits.device)
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
        if bool(done.all()) or ids.shape[1] >= longest:
            return ids, total
        logits, state = step(chosen, state)


def repeat(tensor: Tensor, n: int) -> Tensor:
    return tensor.repeat_interleave(n, dim=0)


def select(state: State, n: int) -> State:
    return tuple(repeat(tensor, n) for tensor in state)
