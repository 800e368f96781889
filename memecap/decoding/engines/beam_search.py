"""Beam search for models with a state of tensors, batched; the same answers as transformers' own.

In: as `token_by_token`. Out: ids of B · n_candidates captions, padded with the end id, beams best first, and
their log-probabilities under the model itself.

B pictures, K beams, C = B · candidates, V ids, T tokens.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from jaxtyping import Float, Int
from torch import Tensor
from transformers import LogitsProcessorList

from memecap.decoding.engines.token_by_token import State, Step, repeat

if TYPE_CHECKING:
    from memecap.decoding.beam import Beam

_NEVER = -1e9


@torch.no_grad()
def beam_search(
    first: Float[Tensor, "B V"], state: State, step: Step, search: Beam, *, end_id: int, rules: Sequence[Any] = ()
) -> tuple[Int[Tensor, "C T"], Float[Tensor, " C"]]:
    """Ids of B · n_candidates captions, best first, and their log-probabilities without the limits' penalties."""
    limits = LogitsProcessorList([*rules, *search.limits(end_id)])
    n, n_ids = first.shape
    k, longest = search.width, search.max_new_tokens
    rows = torch.arange(n, device=first.device)[:, None]
    ids = torch.full((n, k, 0), end_id, device=first.device)
    scores = first.new_full((n, k), _NEVER)
    scores[:, 0] = 0.0  # the beams begin equal: only one of them counts
    sums = torch.zeros_like(scores)  # without the limits' penalties
    pool = _Pool(n, k, longest, end_id, first)
    logits, state = repeat(first, state, k)
    for t in range(1, longest + 1):
        plain = logits.float().log_softmax(dim=1)
        limited = limits(ids.flatten(0, 1), plain).reshape(n, k, n_ids)
        flat = (scores[..., None] + limited).flatten(1)
        best, places = flat.topk(min(2 * k, flat.shape[1]), dim=1)
        parents, chosen = places // n_ids, places % n_ids
        plain_sums = (sums[..., None] + plain.reshape(n, k, n_ids)).flatten(1).gather(1, places)
        grown = torch.cat([ids[rows, parents], chosen[..., None]], dim=2)
        ended = (chosen == end_id) | (t == longest)
        pool.add(grown[:, :k], best[:, :k] / t**search.length_penalty, plain_sums[:, :k], ended[:, :k])
        running = best.masked_fill(ended, _NEVER)
        scores, order = running.topk(k, dim=1) if running.shape[1] >= k else running.sort(dim=1, descending=True)
        if pool.settled(scores[:, 0] / t**search.length_penalty) or t == longest:
            break
        ids, sums = grown[rows, order], plain_sums.gather(1, order)
        kept = (rows * k + parents.gather(1, order)).flatten()
        k = order.shape[1]
        logits, state = step(chosen.gather(1, order).flatten(), tuple(tensor[kept] for tensor in state))
    return pool.best(search.n_candidates)


class _Pool:
    """The best finished captions of each picture; a settled picture takes no more."""

    def __init__(self, n: int, k: int, longest: int, end_id: int, like: Tensor) -> None:
        self.ids = torch.full((n, k, longest), end_id, device=like.device)
        self.scores = torch.full((n, k), _NEVER, device=like.device)
        self.sums = torch.zeros(n, k, device=like.device)
        self.closed = torch.zeros(n, dtype=torch.bool, device=like.device)
        self.end_id = end_id

    def add(self, ids: Tensor, scores: Tensor, sums: Tensor, ended: Tensor) -> None:
        ids = torch.nn.functional.pad(ids, (0, self.ids.shape[2] - ids.shape[2]), value=self.end_id)
        scores = scores.masked_fill(~ended | self.closed[:, None], _NEVER)
        self.scores, kept = torch.cat([self.scores, scores], dim=1).topk(self.scores.shape[1], dim=1)
        self.sums = torch.cat([self.sums, sums], dim=1).gather(1, kept)
        self.ids = torch.cat([self.ids, ids], dim=1).gather(1, kept[..., None].expand_as(self.ids))

    def settled(self, best_running: Tensor) -> bool:
        """Whether no picture's running beams can still beat its finished ones, as far as their scores tell now."""
        full = self.scores[:, -1] > _NEVER / 2
        self.closed |= full & (best_running <= self.scores[:, -1])
        return bool(self.closed.all())

    def best(self, n_candidates: int) -> tuple[Tensor, Tensor]:
        n = min(n_candidates, self.ids.shape[1])
        return self.ids[:, :n].flatten(0, 1), self.sums[:, :n].flatten()
