"""transformers' `generate` under a `Search`, for captioners whose language side is a causal model.

In: prompt vectors [B L W] or ids [B L] padded on the left, and their mask. Out: new token ids and, for greedy search
and sampling, the log-probability of each under the model itself: before penalties, temperature and nucleus.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from transformers import GenerationConfig, LogitsProcessor, LogitsProcessorList

from memecap.decoding.base import Sampling, Search
from memecap.modeling.language_model import n_positions


class _Recorder(LogitsProcessor):  # type: ignore[misc]
    """Stands before the constraints and keeps the log-probability of each chosen token."""

    def __init__(self) -> None:
        self.chosen: list[Tensor] = []
        self._last: Tensor | None = None

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        self._note(input_ids)
        self._last = scores.float().log_softmax(dim=-1)
        return scores

    def _note(self, ids: Tensor) -> None:
        if self._last is not None:
            self.chosen.append(self._last.gather(1, ids[:, -1:])[:, 0])

    def finish(self, ids: Int[Tensor, "B T"]) -> Float[Tensor, "B T"]:
        self._note(ids)
        return torch.stack(self.chosen, dim=1)


class _Written(LogitsProcessor):  # type: ignore[misc]
    """A rule that is shown the caption alone, where `generate` would show the prompt's ids too."""

    def __init__(self, rule: Any, start: int) -> None:
        self.rule, self.start = rule, start

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        limited: Tensor = self.rule(input_ids[:, self.start :], scores)
        return limited


@torch.no_grad()
def generate(
    model: Any,
    embeds: Float[Tensor, "B L W"],
    mask: Bool[Tensor, "B L"],
    search: Search,
    *,
    end_id: int | Sequence[int],
    processors: Sequence[LogitsProcessor] = (),
    **arguments: Any,
) -> tuple[Int[Tensor, "C T"], Float[Tensor, "C T"] | None]:
    """Ids of C = B · candidates captions, and their log-probabilities (None for beam search).

    Any of several end tokens ends a caption, the first of them pads. `processors` are a captioner's own rules
    (new ids [C t], scores [C V]) → scores, applied before the search's.
    """
    rules, length = list(processors), embeds.shape[1]
    return _run(model, mask, search, end_id, rules, length, inputs_embeds=embeds, **arguments)


@torch.no_grad()
def generate_after_ids(
    model: Any,
    ids: Int[Tensor, "B L"],
    mask: Bool[Tensor, "B L"],
    search: Search,
    *,
    end_id: int | Sequence[int],
    **arguments: Any,
) -> tuple[Int[Tensor, "C T"], Float[Tensor, "C T"] | None]:
    """The same after a prompt of ids, for models that look into them; the ids that come back are the caption's."""
    found, chances = _run(model, mask, search, end_id, [], ids.shape[1], start=ids.shape[1], input_ids=ids, **arguments)
    return found[:, ids.shape[1] :], chances


def _run(
    model: Any,
    mask: Bool[Tensor, "B L"],
    search: Search,
    end_id: int | Sequence[int],
    processors: Sequence[Any],
    length: int,
    *,
    start: int = 0,
    **arguments: Any,
) -> tuple[Tensor, Tensor | None]:
    """`start` is where captions begin in what the rules are shown."""
    end_ids = [end_id] if isinstance(end_id, int) else list(end_id)
    settings = search.generate_arguments()
    settings["max_new_tokens"] = max(1, min(search.max_new_tokens, n_positions(model) - length))
    warpers = search.warpers() if isinstance(search, Sampling) else []
    recorder = _Recorder() if settings["num_beams"] == 1 else None
    rules = [*processors, *search.limits(end_ids), *warpers]
    with torch.random.fork_rng(enabled=isinstance(search, Sampling)):
        if isinstance(search, Sampling):
            torch.manual_seed(search.seed)
        model.generation_config = GenerationConfig()  # transformers fills from it whatever ours leaves open
        ids = model.generate(
            attention_mask=mask.long(),
            generation_config=GenerationConfig(
                **settings, eos_token_id=end_ids, pad_token_id=end_ids[0], bos_token_id=end_ids[0]
            ),
            logits_processor=LogitsProcessorList(
                [*([recorder] if recorder else []), *(_Written(rule, start) if start else rule for rule in rules)]
            ),
            **arguments,
        )
    return ids, None if recorder is None else recorder.finish(ids)
