"""Greedy, beam and nucleus search for models with a state of tensors, batched; the same answers as transformers' own.

In: `first` logits and state of B pictures, and `step(ids, state) -> logits, state`. Out: ids of B · n_candidates
captions, padded with the end id, beams best first, and their log-probabilities under the model itself.
Beam search ends always: at `max_new_tokens` an unfinished beam counts as a caption.

B pictures, C = B · beams or candidates, V ids, T tokens, K beams.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor
from transformers import LogitsProcessorList, TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

from memecap.decoding.searches import Beam, Greedy, Nucleus, constraints

State = tuple[Tensor, ...]  # each with the batch first
Step = Callable[[Tensor, State], tuple[Tensor, State]]
_NEVER = -1e9


@torch.no_grad()
def decode(
    first: Float[Tensor, "B V"],
    state: State,
    step: Step,
    decoding: Greedy | Beam | Nucleus,
    *,
    end_id: int,
    rules: Sequence[Any] = (),
) -> tuple[Int[Tensor, "C T"], Float[Tensor, " C"]]:
    """Search. A picture's captions stand together in what `step` gets; `state` may hold anything that goes with one.

    `rules` are a captioner's own (new ids [C t], scores [C V]) → scores, applied before the decoding's limits.
    """
    limits = LogitsProcessorList([*rules, *constraints(decoding, end_id)])
    if isinstance(decoding, Beam):
        return _beam(first, state, step, decoding, limits, end_id)
    n_candidates, sampling = 1, None
    if isinstance(decoding, Nucleus):
        n_candidates, sampling = decoding.n_candidates, torch.Generator(first.device).manual_seed(decoding.seed)
        limits = LogitsProcessorList([*limits, *_warpers(decoding)])
    return _one_by_one(
        _repeat(first, n_candidates), _select(state, n_candidates), step, decoding, limits, end_id, sampling
    )


def _one_by_one(
    logits: Tensor, state: State, step: Step, decoding: Any, limits: Any, end_id: int, sampling: torch.Generator | None
) -> tuple[Tensor, Tensor]:
    ids = torch.empty(len(logits), 0, dtype=torch.long, device=logits.device)
    total = torch.zeros(len(logits), device=logits.device)
    done = torch.zeros(len(logits), dtype=torch.bool, device=logits.device)
    while True:
        scores = limits(ids, logits.float())
        if sampling is None:
            chosen = scores.argmax(dim=1)
        else:
            chosen = torch.multinomial(scores.softmax(dim=1), 1, generator=sampling)[:, 0]
        chosen = chosen.masked_fill(done, end_id)
        said = logits.float().log_softmax(dim=1).gather(1, chosen[:, None])[:, 0]
        total = total + said.masked_fill(done, 0.0)
        ids = torch.cat([ids, chosen[:, None]], dim=1)
        done = done | (chosen == end_id)
        if bool(done.all()) or ids.shape[1] >= decoding.max_new_tokens:
            return ids, total
        logits, state = step(chosen, state)


def _beam(first: Tensor, state: State, step: Step, decoding: Beam, limits: Any, end_id: int) -> tuple[Tensor, Tensor]:
    n, n_ids = first.shape
    k, longest = decoding.width, decoding.max_new_tokens
    rows = torch.arange(n, device=first.device)[:, None]
    ids = torch.full((n, k, 0), end_id, device=first.device)
    scores = first.new_full((n, k), _NEVER)
    scores[:, 0] = 0.0  # the beams begin equal: only one of them counts
    sums = torch.zeros_like(scores)  # without the limits' penalties
    pool = _Pool(n, k, longest, end_id, first)
    logits, state = _repeat(first, k), _select(state, k)
    for t in range(1, longest + 1):
        plain = logits.float().log_softmax(dim=1)
        limited = limits(ids.flatten(0, 1), plain).reshape(n, k, n_ids)
        flat = (scores[..., None] + limited).flatten(1)
        best, places = flat.topk(min(2 * k, flat.shape[1]), dim=1)
        parents, chosen = places // n_ids, places % n_ids
        plain_sums = (sums[..., None] + plain.reshape(n, k, n_ids)).flatten(1).gather(1, places)
        grown = torch.cat([ids[rows, parents], chosen[..., None]], dim=2)
        ended = (chosen == end_id) | (t == longest)
        pool.add(grown[:, :k], best[:, :k] / t**decoding.length_penalty, plain_sums[:, :k], ended[:, :k])
        running = best.masked_fill(ended, _NEVER)
        scores, order = running.topk(k, dim=1) if running.shape[1] >= k else running.sort(dim=1, descending=True)
        if pool.settled(scores[:, 0] / t**decoding.length_penalty) or t == longest:
            break
        ids, sums = grown[rows, order], plain_sums.gather(1, order)
        kept = (rows * k + parents.gather(1, order)).flatten()
        k = order.shape[1]
        logits, state = step(chosen.gather(1, order).flatten(), tuple(tensor[kept] for tensor in state))
    return pool.best(decoding.n_candidates)


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


def _warpers(decoding: Nucleus) -> list[Any]:
    made: list[Any] = [TemperatureLogitsWarper(decoding.temperature)] if decoding.temperature != 1.0 else []
    if decoding.top_k:
        made.append(TopKLogitsWarper(decoding.top_k))
    if decoding.top_p < 1.0:
        made.append(TopPLogitsWarper(decoding.top_p))
    return made


def _repeat(tensor: Tensor, n: int) -> Tensor:
    return tensor.repeat_interleave(n, dim=0)


def _select(state: State, n: int) -> State:
    return tuple(_repeat(tensor, n) for tensor in state)
