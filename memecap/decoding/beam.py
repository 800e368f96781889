"""Beam search: captions of the highest log-probability / length ** length_penalty, as far as `width` hypotheses see.

It ends always: at `max_new_tokens` an unfinished beam counts as a caption. The same answers as transformers' own.

B pictures, K beams, V ids, T tokens.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from jaxtyping import Float, Int
from pydantic import Field, model_validator
from typing_extensions import Self

from memecap.decoding.base import Search

if TYPE_CHECKING:
    from torch import Tensor

    from memecap.decoding.engines.token_by_token import State, Step


class Beam(Search):
    name: str = "beam"
    width: int = Field(5, ge=1, description="hypotheses kept")
    length_penalty: float = Field(1.0, description="above zero favours long captions")
    n_candidates: int = Field(1, ge=1, description="captions returned for a picture, at most width")

    @model_validator(mode="after")
    def _enough_beams(self) -> Self:
        if self.n_candidates > self.width:
            raise ValueError(f"{self.n_candidates} candidates want as many beams, width is {self.width}")
        return self

    def generate_arguments(self) -> dict[str, Any]:
        return super().generate_arguments() | {
            "num_beams": self.width,
            "length_penalty": self.length_penalty,
            "num_return_sequences": self.n_candidates,
            "early_stopping": False,
        }

    def decode(
        self, first: Float[Tensor, "B V"], state: State, step: Step, *, end_id: int, rules: Sequence[Any] = ()
    ) -> tuple[Int[Tensor, "C T"], Float[Tensor, " C"]]:
        from memecap.decoding.engines.beam_search import beam_search

        return beam_search(first, state, step, self, end_id=end_id, rules=rules)
