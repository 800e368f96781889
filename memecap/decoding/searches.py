"""Greedy, Beam, Nucleus, MBR: one vocabulary of decoding for every captioner."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator
from typing_extensions import Self

from memecap.core.config import Frozen, load
from memecap.errors import UsageError


class _Limits(Frozen):
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


class Greedy(_Limits):
    """The likeliest token at each step."""

    name: Literal["greedy"] = "greedy"


class Beam(_Limits):
    """Beam search; candidates are ordered by log-probability / length ** length_penalty."""

    name: Literal["beam"] = "beam"
    width: int = Field(5, ge=1, description="hypotheses kept")
    length_penalty: float = Field(1.0, description="above zero favours long captions")
    n_candidates: int = Field(1, ge=1, description="captions returned for a picture, at most width")

    @model_validator(mode="after")
    def _enough_beams(self) -> Self:
        if self.n_candidates > self.width:
            raise ValueError(f"{self.n_candidates} candidates want as many beams, width is {self.width}")
        return self


class Nucleus(_Limits):
    """Sampling from the smallest set of tokens whose probability reaches top_p."""

    name: Literal["nucleus"] = "nucleus"
    top_p: float = Field(0.9, gt=0, le=1, description="probability mass kept")
    top_k: int = Field(0, ge=0, description="tokens kept at most; 0: no limit")
    temperature: float = Field(1.0, gt=0, description="below one sharpens the distribution")
    seed: int = Field(0, ge=0, description="seed of the sampling")
    n_candidates: int = Field(1, ge=1, description="captions returned for a picture")


class MBR(_Limits):
    """Minimum Bayes risk: of many samples, the one most like all the others (reranking.py)."""

    name: Literal["mbr"] = "mbr"
    n_samples: int = Field(24, ge=2, description="captions sampled for a picture")
    top_p: float = Field(0.95, gt=0, le=1, description="probability mass kept")
    top_k: int = Field(0, ge=0, description="tokens kept at most; 0: no limit")
    temperature: float = Field(0.8, gt=0, description="below one sharpens the distribution")
    seed: int = Field(0, ge=0, description="seed of the sampling")
    recall: float = Field(5.0, gt=0, description="beta of the similarity: above one favours captions that say more")
    reading: float = Field(2.0, ge=0, description="weight of the share of the reading that a caption quotes")

    def sampling(self) -> Nucleus:
        """The sampling that gives the candidates."""
        shared = self.model_dump(exclude={"name", "n_samples", "recall", "reading"})
        return Nucleus(**shared, n_candidates=self.n_samples)


Decoding = Annotated[Greedy | Beam | Nucleus | MBR, Field(discriminator="name")]


def choose(name: str | None, settings: Sequence[str] = ()) -> Decoding | None:
    """A decoding by its name and `key=value` settings; None without a name. Raises `UsageError`."""
    if name is None:
        if settings:
            raise UsageError("a setting belongs to a decoding", where="--set", fix="Name one with --decoding.")
        return None
    return load(_method(name), overrides=settings)


def choose_several(names: Sequence[str], settings: Sequence[str] = ()) -> list[Decoding]:
    """Decodings by name, each with those of the settings that it has; one that none has is of the first.

    Raises: as `choose`; `UsageError` too when a name is given twice.
    """
    if len(names) < 2:
        chosen = choose(names[0] if names else None, settings)
        return [] if chosen is None else [chosen]
    if len(set(names)) < len(names):
        raise UsageError("a decoding is named twice", where="--decoding", fix="Name each once.")
    methods = [_method(name) for name in names]
    known = [set(method.model_fields) for method in methods]
    strange = [setting for setting in settings if not any(_key(setting) in keys for keys in known)]
    return [
        load(
            method,
            overrides=[*(s for s in settings if _key(s) in keys), *(strange if method is methods[0] else ())],
        )
        for method, keys in zip(methods, known, strict=True)
    ]


def _method(name: str) -> type[Greedy | Beam | Nucleus | MBR]:
    methods: dict[str, type[Greedy | Beam | Nucleus | MBR]] = {
        "greedy": Greedy,
        "beam": Beam,
        "nucleus": Nucleus,
        "mbr": MBR,
    }
    if name not in methods:
        raise UsageError(f"no decoding named {name!r}", where="--decoding", fix=f"There are: {', '.join(methods)}.")
    return methods[name]


def _key(setting: str) -> str:
    return setting.partition("=")[0].strip()


def generate_arguments(decoding: Greedy | Beam | Nucleus) -> dict[str, Any]:
    """The search in the words of transformers' `GenerationConfig`; the limits on the text are `constraints`."""
    arguments: dict[str, Any] = {"max_new_tokens": decoding.max_new_tokens, "do_sample": False, "num_beams": 1}
    if isinstance(decoding, Beam):
        arguments |= {
            "num_beams": decoding.width,
            "length_penalty": decoding.length_penalty,
            "num_return_sequences": decoding.n_candidates,
            "early_stopping": False,
        }
    if isinstance(decoding, Nucleus):
        arguments |= {
            "do_sample": True,
            "top_p": decoding.top_p,
            "top_k": decoding.top_k,
            "temperature": decoding.temperature,
            "num_return_sequences": decoding.n_candidates,
        }
    return arguments


def constraints(decoding: Greedy | Beam | Nucleus, end_ids: int | Sequence[int]) -> Any:
    """What limits the text, as functions (new ids [B t], scores [B V]) → scores [B V], for every captioner alike.

    They see the caption alone, never the prompt. transformers' own wiring of the same classes counts left padding as
    caption when the prompt is given as vectors, hence they are passed to `generate` ready made.
    """
    from transformers import (
        LogitsProcessorList,
        MinNewTokensLengthLogitsProcessor,
        NoRepeatNGramLogitsProcessor,
        RepetitionPenaltyLogitsProcessor,
    )

    made = LogitsProcessorList()
    if decoding.repetition_penalty != 1.0:
        made.append(RepetitionPenaltyLogitsProcessor(decoding.repetition_penalty))
    if decoding.no_repeat_ngram:
        made.append(NoRepeatNGramLogitsProcessor(decoding.no_repeat_ngram))
    if decoding.min_new_tokens:
        made.append(MinNewTokensLengthLogitsProcessor(0, decoding.min_new_tokens, end_ids))
    return made
