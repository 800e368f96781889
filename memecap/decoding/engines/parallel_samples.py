"""Many samples of one prompt at the price of little more than one: they stand side by side in one row of the batch.

In: prompt vectors [B L W] padded on the left, and their mask. Out: S sampled captions for each, and the log-probability
of each token under the model itself: before penalties, temperature and nucleus.

`generate` repeats the prompt's keys and values for each sample and copies them at each step. Here a step's S tokens of
a picture are S queries of one row; a mask lets each see the prompt and its own past only.

B prompts of L vectors, S samples each, s of them still running, C = B · S captions of T tokens, c = B · s, V ids.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from transformers import Cache, LogitsProcessor, LogitsProcessorList
from transformers.cache_utils import DynamicLayer

from memecap.decoding.base import Sampling
from memecap.modeling.language_model import n_positions

PROMPT, PADDING = -1, -2  # owners of keys that no sample wrote
FEWER = 0.8  # the share of samples still running below which the finished ones are left behind


@torch.no_grad()
def sample(
    model: Any,
    embeds: Float[Tensor, "B L W"],
    mask: Bool[Tensor, "B L"],
    search: Sampling,
    *,
    end_id: int,
    processors: Sequence[LogitsProcessor] = (),
) -> tuple[Int[Tensor, "C T"], Float[Tensor, "C T"]]:
    """Ids of the sampled captions, end tokens after the first, and their log-probabilities.

    `processors` are a captioner's own rules (new ids [C t], scores [C V]) → scores, applied before the search's.
    """
    n_rows, n_samples, device = len(embeds), search.n_candidates, embeds.device
    n_steps = max(1, min(search.max_new_tokens, n_positions(model) - embeds.shape[1]))
    rules = LogitsProcessorList([*processors, *search.limits(end_id)])
    generator = torch.Generator(device).manual_seed(search.seed)
    cache = Cache(layer_class_to_replicate=_Roomy)
    positions = (mask.cumsum(dim=1) - 1).clamp(min=0)
    answer = model(inputs_embeds=embeds, attention_mask=mask.long(), position_ids=positions, past_key_values=cache)
    logits: Float[Tensor, "c V"] = answer.logits[:, -1].float().repeat_interleave(n_samples, dim=0)
    # which sample a key belongs to, and which sample each query is; finished samples ask no more
    owner = torch.where(mask, PROMPT, PADDING)
    samples: Int[Tensor, "B s"] = torch.arange(n_samples, device=device).expand(n_rows, -1)
    ids = torch.empty((n_rows, n_samples, 0), dtype=torch.long, device=device)
    chosen: list[Float[Tensor, "B S"]] = []
    running = torch.ones((n_rows, n_samples), dtype=torch.bool, device=device)
    for step in range(n_steps):
        written = ids.gather(1, samples[..., None].expand(-1, -1, step))
        drawn = search.draw(rules(written.flatten(0, 1), logits), generator).view_as(samples)
        alive = running.gather(1, samples)
        tokens = torch.where(alive, drawn, end_id)
        found = logits.log_softmax(dim=-1).gather(1, tokens.view(-1, 1)).view_as(samples) * alive
        column = torch.full_like(running, end_id, dtype=torch.long).scatter(1, samples, tokens)
        ids = torch.cat([ids, column[..., None]], dim=2)
        chosen.append(torch.zeros_like(running, dtype=found.dtype).scatter(1, samples, found))
        running = running.scatter(1, samples, alive & (tokens != end_id))
        n_running = int(running.sum(dim=1).max())
        if step + 1 == n_steps or not n_running:
            break
        if n_running < FEWER * samples.shape[1]:
            order = running.gather(1, samples).int().argsort(dim=1, descending=True, stable=True)[:, :n_running]
            samples, tokens = samples.gather(1, order), tokens.gather(1, order)
        owner = torch.cat([owner, samples], dim=1)
        sees = (owner[:, None] == PROMPT) | (owner[:, None] == samples[..., None])
        answer = model(
            input_ids=tokens,
            attention_mask=sees[:, None],
            position_ids=(positions[:, -1:] + step + 1).expand_as(samples),
            past_key_values=cache,
        )
        logits = answer.logits.float().flatten(0, 1)
    return ids.flatten(0, 1), torch.stack(chosen, dim=-1).flatten(0, 1)


class _Roomy(DynamicLayer):  # type: ignore[misc]
    """Keys and values of one layer [B H n D] in a buffer that doubles, instead of a copy at each step."""

    def update(self, key_states: Tensor, value_states: Tensor, *args: Any, **kwargs: Any) -> tuple[Tensor, Tensor]:
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
            self._rooms = [key_states.new_empty(0), value_states.new_empty(0)]
            self._taken = 0
        start, self._taken = self._taken, self._taken + key_states.shape[-2]
        states = (key_states, value_states)
        self._rooms = [_put(*pair, start, self._taken) for pair in zip(self._rooms, states, strict=True)]
        self.keys, self.values = (room[:, :, : self._taken] for room in self._rooms)
        return self.keys, self.values


def _put(room: Tensor, states: Tensor, start: int, end: int) -> Tensor:
    if not len(room) or end > room.shape[2]:
        larger = states.new_empty((*states.shape[:2], 2 * end, states.shape[3]))
        if start:
            larger[:, :, :start] = room[:, :, :start]
        room = larger
    room[:, :, start:end] = states
    return room
