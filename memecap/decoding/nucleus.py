"""Nucleus sampling: a token by chance from the smallest set whose probability reaches `top_p`.

Source: Holtzman et al., arXiv 1904.09751.

C captions, V ids.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jaxtyping import Float, Int
from pydantic import Field

from memecap.decoding.base import Sampling

if TYPE_CHECKING:
    import torch
    from torch import Tensor

_LIKELY = 256  # tokens in which the nucleus is looked for before the whole vocabulary is sorted


class Nucleus(Sampling):
    name: str = "nucleus"
    top_p: float = Field(0.9, gt=0, le=1, description="probability mass kept")
    top_k: int = Field(0, ge=0, description="tokens kept at most; 0: no limit")
    temperature: float = Field(1.0, gt=0, description="below one sharpens the distribution")

    def warpers(self) -> list[Any]:
        from transformers import TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

        made: list[Any] = [TemperatureLogitsWarper(self.temperature)] if self.temperature != 1.0 else []
        if self.top_k:
            made.append(TopKLogitsWarper(self.top_k))
        if self.top_p < 1.0:
            made.append(TopPLogitsWarper(self.top_p))
        return made

    def draw(self, scores: Float[Tensor, "C V"], generator: torch.Generator) -> Int[Tensor, "C 1"]:
        """The nucleus is looked for among the likeliest tokens first: few captions need the whole vocabulary."""
        import torch

        scores = scores / self.temperature
        probabilities, ids = _likeliest(scores, self.top_k or _LIKELY, within=bool(self.top_k))
        if not self.top_k and probabilities.sum(dim=-1).min() < self.top_p:
            probabilities, ids = _likeliest(scores, scores.shape[-1], within=True)
        mass = probabilities.cumsum(dim=-1)
        mass = torch.where(mass - probabilities < self.top_p, mass, 0.0).cummax(dim=-1).values
        point = torch.rand((len(scores), 1), generator=generator, device=scores.device) * mass[:, -1:]
        place = torch.searchsorted(mass, point, right=True).clamp(max=mass.shape[-1] - 1)
        return ids.gather(1, place)


def _likeliest(
    scores: Float[Tensor, "C V"], n: int, *, within: bool
) -> tuple[Float[Tensor, "C n"], Int[Tensor, "C n"]]:
    """The n likeliest tokens and their probabilities: among themselves (`within`) or among all tokens."""
    top, ids = scores.topk(min(n, scores.shape[-1]), dim=-1)
    return (top - (top if within else scores).logsumexp(dim=-1, keepdim=True)).exp(), ids
