"""[prefix][prompt][caption] as padded vectors, and what a causal model says of the caption's tokens.

Where there are no pictures a caption's own vector may stand in place of its picture's (`TextPrefix`).
Source: Nukrai et al., CapDec, arXiv 2211.00575.

B examples, K prefix vectors, R prompt tokens, T caption tokens, L positions, W the model's width, V ids, n caption
tokens of all examples together.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional

from memecap.encoders.base import ImageEncoder
from memecap.errors import ConfigError
from memecap.modeling import language_model
from memecap.modeling.batch import Batch, pad
from memecap.modeling.copying import CopyHead, Prompt
from memecap.modeling.loss import token_loss
from memecap.modeling.outputs import Loss

_IGNORED = -100


@dataclass(frozen=True)
class Read:
    """Caption tokens read through the model, example after example."""

    logits: Float[Tensor, "n V"]
    targets: Int[Tensor, " n"]
    examples: Int[Tensor, " n"]  # to which example each token belongs
    copied: Float[Tensor, " n"] | None = None  # log-probabilities, where a copy head adds to what the logits say

    def log_probabilities(self) -> Float[Tensor, " n"]:
        """Of the targets."""
        if self.copied is not None:
            return self.copied
        return -functional.cross_entropy(self.logits, self.targets, reduction="none")

    def loss(self, batch: Batch) -> Loss:
        """Of the batch that was read."""
        return token_loss(batch, self.logits, self.targets, self.examples, said=self.copied)


def read(
    decoder: Any,
    start: Float[Tensor, "B K W"] | None,
    batch: Batch,
    copy_head: CopyHead | None = None,
    copied: Bool[Tensor, "B R"] | None = None,
) -> Read:
    """Teacher forcing: all captions of a batch at once.

    Args:
        start: the prefix, if there is one.
        copied: the places of the prompt that may be copied; all when None.
    """
    embed = decoder.get_input_embeddings()
    prompt = embed(batch.prompt_ids)
    embeds, mask = _after(
        start, torch.cat([prompt, embed(batch.token_ids)], dim=1), batch.prompt_mask, batch.token_mask
    )
    targets = torch.full_like(mask, _IGNORED, dtype=torch.long)
    targets[:, -batch.token_ids.shape[1] :] = batch.token_ids.masked_fill(~batch.token_mask, _IGNORED)
    order = (~mask).int().argsort(dim=1, stable=True)  # no gap between prompt and caption, padding to the right
    order = order[:, : int(mask.sum(dim=1).max())]  # the longest prompt and the longest caption seldom meet
    embeds, mask, targets = _reorder(embeds, order), mask.gather(1, order), targets.gather(1, order)[:, 1:]
    answer = decoder.base_model(inputs_embeds=embeds, attention_mask=mask.long(), use_cache=False)
    states = answer[0][:, :-1]  # what the output layer reads
    wanted = targets != _IGNORED
    logits = language_model.logits(decoder, states[wanted])
    mixed = None
    if copy_head is not None:
        written = -functional.cross_entropy(logits, targets[wanted], reduction="none")
        held = Prompt(batch.prompt_ids, batch.prompt_mask, prompt, copied)
        mixed = copy_head.log_probabilities(states, embeds[:, :-1], written, targets, wanted, held)
    return Read(logits, targets[wanted], wanted.nonzero()[:, 0], mixed)


def before_writing(
    embed: nn.Embedding, start: Float[Tensor, "B K W"] | None, prompts: Sequence[Sequence[int]]
) -> tuple[Float[Tensor, "B L W"], Bool[Tensor, "B L"]]:
    """Prefix and prompt with the padding on the left, as `generate` wants them, and their mask."""
    ids, mask = (part.to(embed.weight.device) for part in pad(prompts))
    embeds, mask = _after(start, embed(ids), mask)
    order = mask.int().argsort(dim=1, stable=True)
    return _reorder(embeds, order), mask.gather(1, order)


def _after(start: Tensor | None, embeds: Tensor, *masks: Tensor) -> tuple[Tensor, Tensor]:
    """Vectors after the prefix, and the mask of all."""
    if start is None:
        return embeds, torch.cat(masks, dim=1)
    return torch.cat([start, embeds], dim=1), torch.cat([masks[0].new_ones(start.shape[:2]), *masks], dim=1)


def _reorder(embeds: Float[Tensor, "B L W"], order: Int[Tensor, "B S"]) -> Float[Tensor, "B S W"]:
    return embeds.gather(1, order[..., None].expand(-1, -1, embeds.shape[2]))


class TextPrefix:
    """Captions → their vectors by the text tower of a CLIP, of length one.

    While learning, Gaussian noise moves them by about as far as pictures are from their captions. Each is computed
    once: 4 · D bytes are kept of every caption seen.
    """

    def __init__(self, encoder: ImageEncoder | None, *, noise: float) -> None:
        if not hasattr(encoder, "text_features") or getattr(encoder, "n_tokens", 0) != 1:
            raise ConfigError(
                "text_noise wants an encoder with a text tower, and its pooled vector",
                where="captioner.encoder",
                fix="Take clip or ruclip with output: pooled.",
            )
        self._encoder: Any = encoder
        self._noise = noise
        self._known: dict[str, Tensor] = {}

    def __call__(self, captions: Sequence[str], *, learning: bool) -> Float[Tensor, "B 1 D"]:
        new = list(dict.fromkeys(caption for caption in captions if caption not in self._known))
        if new:
            vectors = self._encoder.text_features(new).detach().float().cpu()
            self._known.update(zip(new, functional.normalize(vectors, dim=1), strict=True))
        found = torch.stack([self._known[caption] for caption in captions])
        if learning:
            found = functional.normalize(found + math.sqrt(self._noise) * torch.randn_like(found), dim=1)
        return found[:, None]
