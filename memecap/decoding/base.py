"""Search: how captions are chosen from a captioner's scores. A file of this folder is a way of decoding.

A way of sampling says how it warps the scores (`warpers`), and is run by all the engines. Another search says how it is
run by each: `generate_arguments` for transformers' `generate`, `decode` for models with a state, token by token.

C captions of T tokens, t of them written so far, B pictures, V ids.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

from jaxtyping import Float, Int
from pydantic import BeforeValidator, Field, SerializeAsAny, model_validator
from typing_extensions import Self

from memecap.core import registry
from memecap.core.config import PartConfig, configure, load
from memecap.errors import UsageError

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from memecap.decoding.engines.token_by_token import State, Step
    from memecap.modeling.outputs import Caption
    from memecap.reading.base import Reading


class Search(PartConfig):
    """The limits on a caption, and a search that knows nothing more: the likeliest token at each step."""

    max_new_tokens: int = Field(96, ge=1, description="longest caption, in tokens, the end token included")
    min_new_tokens: int = Field(0, ge=0, description="the end token is not allowed before so many tokens")
    repetition_penalty: float = Field(
        1.0, gt=0, description="logits of tokens already written: x/p above zero, x*p below"
    )
    no_repeat_ngram: int = Field(0, ge=0, description="no n-gram of this length twice; 0: no limit")

    @model_validator(mode="after")
    def _lengths(self) -> Self:
        if self.min_new_tokens > self.max_new_tokens:
            raise ValueError(f"min_new_tokens is {self.min_new_tokens}, max_new_tokens {self.max_new_tokens}")
        return self

    def generate_arguments(self) -> dict[str, Any]:
        """The search in the words of transformers' `GenerationConfig`; the limits on the text are `limits`."""
        return {"max_new_tokens": self.max_new_tokens, "do_sample": False, "num_beams": 1}

    def limits(self, end_ids: int | Sequence[int]) -> Any:
        """What limits the text, as functions (new ids [C t], scores [C V]) → scores [C V], for every captioner alike.

        They see the caption alone, never the prompt. transformers' own wiring of the same classes counts left padding
        as caption when the prompt is given as vectors, hence they are passed to `generate` ready made.
        """
        from transformers import (
            LogitsProcessorList,
            MinNewTokensLengthLogitsProcessor,
            NoRepeatNGramLogitsProcessor,
            RepetitionPenaltyLogitsProcessor,
        )

        made = LogitsProcessorList()
        if self.repetition_penalty != 1.0:
            made.append(RepetitionPenaltyLogitsProcessor(self.repetition_penalty))
        if self.no_repeat_ngram:
            made.append(NoRepeatNGramLogitsProcessor(self.no_repeat_ngram))
        if self.min_new_tokens:
            made.append(MinNewTokensLengthLogitsProcessor(0, self.min_new_tokens, end_ids))
        return made

    def decode(
        self, first: Float[Tensor, "B V"], state: State, step: Step, *, end_id: int, rules: Sequence[Any] = ()
    ) -> tuple[Int[Tensor, "C T"], Float[Tensor, " C"]]:
        """Search with a model that has a state; returns ids and log-probabilities (see `engines/token_by_token.py`)."""
        from memecap.decoding.engines.token_by_token import token_by_token

        return token_by_token(first, state, step, self, end_id=end_id, rules=rules)

    def candidates(self) -> Search:
        """The search that gives the captions among which `choose` chooses."""
        return self

    def choose(self, candidates: Sequence[Caption], reading: Reading | None) -> list[Caption]:
        """A picture's candidates, best first, each with what it was chosen by as its score."""
        from dataclasses import replace

        return [replace(caption, score=caption.nats_per_token) for caption in candidates]


class Sampling(Search):
    """Tokens drawn by chance. A way of sampling says how it warps the scores before the draw."""

    seed: int = Field(0, ge=0, description="seed of the sampling")
    n_candidates: int = Field(1, ge=1, description="captions returned for a picture")
    retold: bool = Field(
        False, description="beside them what people said of such pictures, of captioners that are told"
    )

    def generate_arguments(self) -> dict[str, Any]:
        """`generate` warps nothing of its own accord: `warpers` do it."""
        unwarped = {"top_p": 1.0, "top_k": 0, "temperature": 1.0}
        return super().generate_arguments() | unwarped | {"do_sample": True, "num_return_sequences": self.n_candidates}

    def warpers(self) -> list[Any]:
        """Functions (new ids [C t], scores [C V]) → scores [C V], applied after the limits."""
        return []

    def draw(self, scores: Float[Tensor, "C V"], generator: torch.Generator) -> Int[Tensor, "C 1"]:
        """The next token of each caption, from its limited scores."""
        for warp in self.warpers():
            scores = warp(None, scores)
        return scores.softmax(dim=-1).multinomial(1, generator=generator)


SearchConfig = Annotated[SerializeAsAny[Search], BeforeValidator(partial(configure, "decoding"))]


def choose(name: str | None, settings: Sequence[str] = ()) -> Search | None:
    """A search by its name and `key=value` settings; None without a name. Raises `UsageError`."""
    if name is None:
        if settings:
            raise UsageError("a setting belongs to a decoding", where="--set", fix="Name one with --decoding.")
        return None
    return load(_search(name), overrides=settings, defaults={"name": name})


def choose_several(names: Sequence[str], settings: Sequence[str] = ()) -> list[Search]:
    """Searches by name, each with those of the settings that it has; one that none has is of the first.

    Raises: as `choose`; `UsageError` too when a name is given twice.
    """
    if len(names) < 2:
        chosen = choose(names[0] if names else None, settings)
        return [] if chosen is None else [chosen]
    if len(set(names)) < len(names):
        raise UsageError("a decoding is named twice", where="--decoding", fix="Name each once.")
    known = [set(_search(name).model_fields) for name in names]
    strange = [setting for setting in settings if not any(_key(setting) in keys for keys in known)]
    return [
        load(
            _search(name),
            overrides=[*(s for s in settings if _key(s) in keys), *(strange if name == names[0] else ())],
            defaults={"name": name},
        )
        for name, keys in zip(names, known, strict=True)
    ]


def _search(name: str) -> type[Search]:
    search: type[Search] = registry.load("decoding", name)
    return search


def _key(setting: str) -> str:
    return setting.partition("=")[0].strip()
