"""A copy head: the decoder's distribution mixed with attention over the prompt's tokens, so that a small one can quote.

p(w) = (1 - g) · p_vocabulary(w) + g · Σ attention(j) over the prompt places j that hold w, with g a gate of the state.
A place is known by its token, the two before it, and its number. In: states and the prompt. Out: log-probabilities.
Source: See et al., pointer-generator networks, arXiv 1704.04368.

B examples, C = B · candidates, L positions, R prompt tokens, W the decoder's width, V ids, A the attention's width.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional

_SHUT = -1e4  # a gate where nothing may be copied
_LEAST = 1e-20  # a probability, so that what stands nowhere in the prompt keeps a finite logarithm


@dataclass(frozen=True)
class Prompt:
    """What may be copied: all of it, or the places of `copied`."""

    ids: Int[Tensor, "B R"]
    mask: Bool[Tensor, "B R"]
    embeds: Float[Tensor, "B R W"]
    copied: Bool[Tensor, "B R"] | None = None

    @property
    def places(self) -> Bool[Tensor, "B R"]:
        return self.mask if self.copied is None else self.copied & self.mask


class CopyHead(nn.Module):
    """A gate and a pointer over the states of the decoder's last layer.

    The token just written and the token before a place go through one projection, so from the first step on the pointer
    leans to what followed that token in the prompt: copying on needs no learning, only where to begin and to stop does.
    """

    def __init__(self, *, width: int, max_length: int, attention_width: int = 64) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width, elementwise_affine=False)
        self.token = nn.Linear(width, attention_width, bias=False)
        self.query = nn.Linear(width, attention_width)
        self.key = nn.Linear(2 * width, attention_width)
        self.place = nn.Embedding(max_length, attention_width)
        self.gate = nn.Linear(width, 1)
        nn.init.normal_(self.place.weight, std=0.02)

    @contextmanager
    def copying(self, embed: nn.Module, output: nn.Module, prompt: Prompt) -> Iterator[None]:
        """Within, the decoder's `output` layer answers with log-probabilities of the mixture: `generate` needs no more.

        `embed` is the decoder's input layer: it tells the token just written. Of the first pass the last place alone is
        answered; afterwards each, so that samples may stand side by side in a row.
        """
        keys, begun = self.keys(prompt), False
        rows = torch.arange(len(prompt.ids), device=prompt.ids.device)
        written = [prompt.embeds[rows, prompt.mask.sum(dim=1) - 1][:, None]]

        def remember(module: nn.Module, inputs: Any, embeds: Tensor) -> None:
            written[0] = embeds

        def mixed(module: nn.Module, inputs: Any, logits: Tensor) -> Tensor:
            nonlocal begun
            states = inputs[0] if begun else inputs[0][:, -1:]
            logits = logits[:, -states.shape[1] :]
            begun = True
            last = written[0].repeat_interleave(len(states) // len(written[0]), dim=0)
            return self.mix(states, last, logits, prompt, keys)

        hooks = [embed.register_forward_hook(remember), output.register_forward_hook(mixed)]
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()

    def keys(self, prompt: Prompt) -> Float[Tensor, "B R A"]:
        embeds = self.norm(prompt.embeds)
        before = functional.pad(embeds, (0, 0, 2, 0))
        keys = self.key(torch.cat([embeds, before[:, :-2]], dim=2)) + self.token(before[:, 1:-1])
        numbers = torch.arange(prompt.ids.shape[1], device=prompt.ids.device)
        together: Tensor = keys + self.place(numbers)
        return together

    def mix(
        self,
        states: Float[Tensor, "C L W"],
        last: Float[Tensor, "C L W"],
        logits: Float[Tensor, "C L V"],
        prompt: Prompt,
        keys: Float[Tensor, "B R A"],
    ) -> Float[Tensor, "C L V"]:
        """Log-probabilities; `last` are the embeddings just read. The candidates of an example stand together."""
        n_candidates = len(states) // len(prompt.ids)
        mask = prompt.places.repeat_interleave(n_candidates, dim=0)
        attention = self._attend(states, last, keys.repeat_interleave(n_candidates, dim=0), mask)
        ids = prompt.ids.repeat_interleave(n_candidates, dim=0)[:, None].expand(attention.shape)
        copied = torch.zeros_like(logits, dtype=torch.float32).scatter_add(2, ids, attention)
        return self._join(self._open(states, mask), logits.float().log_softmax(dim=-1), copied)

    def log_probabilities(
        self,
        states: Float[Tensor, "B L W"],
        last: Float[Tensor, "B L W"],
        written: Float[Tensor, " n"],
        targets: Int[Tensor, "B L"],
        wanted: Bool[Tensor, "B L"],
        prompt: Prompt,
    ) -> Float[Tensor, " n"]:
        """Of the n wanted targets; `written` are their log-probabilities from the vocabulary alone."""
        mask = prompt.places
        attention = self._attend(states, last, self.keys(prompt), mask)
        same = (prompt.ids[:, None, :] == targets[:, :, None]) & mask[:, None, :]
        copied = (attention * same).sum(dim=2)
        return self._join(self._open(states, mask)[..., 0][wanted], written, copied[wanted])

    def _open(self, states: Float[Tensor, "C L W"], mask: Bool[Tensor, "C R"]) -> Float[Tensor, "C L 1"]:
        """The gate, shut where there is nothing to copy."""
        gate: Tensor = self.gate(states)
        return gate.masked_fill(~mask.any(dim=1)[:, None, None], _SHUT)

    def _attend(
        self,
        states: Float[Tensor, "C L W"],
        last: Float[Tensor, "C L W"],
        keys: Float[Tensor, "C R A"],
        mask: Bool[Tensor, "C R"],
    ) -> Float[Tensor, "C L R"]:
        queries = (self.query(states) + self.token(self.norm(last))).float()
        # Autocast takes even a product of fp32 tensors in bf16.
        scores: Tensor = (queries @ keys.float().transpose(1, 2)).float() / math.sqrt(keys.shape[2])
        return scores.masked_fill(~mask[:, None], -1e9).softmax(dim=2)

    @staticmethod
    def _join(gate: Tensor, written: Tensor, copied: Tensor) -> Tensor:
        gate = gate.float()
        return torch.logaddexp(
            written + functional.logsigmoid(-gate), copied.clamp_min(_LEAST).log() + functional.logsigmoid(gate)
        )
