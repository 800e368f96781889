"""What a captioner gives: the `Loss` of a batch, the `Caption` of a picture."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from jaxtyping import Float, Int
from torch import Tensor

from memecap.errors import MemecapError
from memecap.memory.attribution import Attribution
from memecap.quoting.quote import Quote
from memecap.reading.base import Reading

_NOT_WRITTEN = frozenset({"token_ids", "n_tokens", "error", "picture"})


@dataclass(frozen=True, slots=True)
class Loss:
    """The sum of a batch's token losses and how many tokens it is over, so that windows of batches divide once."""

    total: Float[Tensor, ""]  # nats
    n_tokens: int

    @property
    def mean(self) -> Float[Tensor, ""]:
        return self.total / max(self.n_tokens, 1)


@dataclass(frozen=True, slots=True)
class Caption:
    """A description of one picture. `log_probability` is the sum over its tokens in nats, None without a model."""

    text: str
    quotes: tuple[Quote, ...] = ()
    log_probability: float | None = None
    finished: bool = True  # the end token was reached
    score: float | None = None  # of what it was chosen by; otherwise nats per token, None without a model
    source: Attribution | None = None  # whose description it retells, where it does
    reading: Reading | None = None  # filled by the pipeline
    seconds: float | None = None  # filled by the pipeline: reading and captioning, a share of the batch's time
    token_ids: tuple[int, ...] = field(default=(), repr=False)  # as written, the end token included if it was reached
    n_tokens: int = field(default=0, repr=False)  # where the ids are not known, as behind a server
    error: MemecapError | None = None  # why there is no caption, where one picture's failure does not end the others
    picture: str | bytes | None = field(default=None, repr=False, compare=False)  # its file, or a small JPEG of it

    @property
    def nats_per_token(self) -> float | None:
        """The mean log-probability of the tokens, None where it is not known."""
        n_tokens = len(self.token_ids) or self.n_tokens
        return None if self.log_probability is None else self.log_probability / max(n_tokens, 1)

    def _repr_html_(self) -> str:
        """In a notebook: the picture with a box around each quote, and the caption."""
        from memecap.quoting.notebook import to_html

        return to_html(self.text, self.quotes, self.reading, self.picture)

    def to_json(self) -> dict[str, Any]:
        """Every field but the tokens, which mean nothing without the tokenizer, and the error (see `Result`)."""
        return {name: value for name, value in asdict(replace(self, error=None)).items() if name not in _NOT_WRITTEN}


def cut(ids: Int[Tensor, " T"], end_ids: int | Collection[int]) -> tuple[list[int], bool]:
    """A caption's ids up to and with the token that ends it, and whether there was one."""
    row: list[int] = ids.tolist()
    ends = {end_ids} if isinstance(end_ids, int) else end_ids
    end = next((place for place, i in enumerate(row) if i in ends), None)
    return (row, False) if end is None else (row[: end + 1], True)
