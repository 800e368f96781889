"""The frame of the captioners whose language side is a causal model of transformers.

In: what the model is shown of a picture and a prompt for each. Out: captions, each quote matched to its lines.

B pictures, N vectors of width W that the model is shown of each, C = B · candidates captions of T tokens.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from functools import partial
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from memecap.captioners.base import Readings, TrainableCaptioner
from memecap.decoding.base import Search
from memecap.decoding.engines.candidates import collect
from memecap.errors import ConfigError
from memecap.modeling import language_model
from memecap.modeling.batch import Batch, Images, pad
from memecap.modeling.eval_mode import evaluating
from memecap.modeling.outputs import Caption
from memecap.modeling.prefix import Read
from memecap.quoting import matching
from memecap.quoting.quote import Quote
from memecap.reading.base import Reading
from memecap.text.bpe import BPE

Shown = Float[Tensor, "B N W"] | None  # vectors of each picture that the model is shown
Prompts = Sequence[Sequence[int]]
Found = tuple[Tensor, Tensor | None]  # ids [C T], and the log-probability of each where the search tells it


class GPTCaptioner(TrainableCaptioner):
    """A part says what the model is shown, and how it reads captions that are given (`_read`)."""

    config: Any
    decoder: Any

    def __init__(self, config: Any, tokenizer: BPE) -> None:
        super().__init__()
        self.config = config
        self._tokenizer = tokenizer
        self.end_ids: tuple[int, ...] = (tokenizer.end_id,)  # any of them ends a caption

    @property
    def tokenizer(self) -> BPE:
        return self._tokenizer

    @property
    def embed(self) -> nn.Embedding:
        layer: nn.Embedding = self.decoder.get_input_embeddings()
        return layer

    def generate(self, images: Images | None, readings: Readings, search: Search) -> list[list[Caption]]:
        with evaluating(self):
            shown, prompts = self._show(images, readings)
            ids, log_probabilities = self._decode(shown, prompts, readings, search)
            score = partial(self._score, shown, prompts)
            return collect(ids, log_probabilities, readings, end_ids=self.end_ids, score=score, write=self._write)

    @abstractmethod
    def _show(self, images: Images | None, readings: Readings) -> tuple[Shown, Prompts]:
        """What the model is shown of each picture, and the ids of its prompt."""

    @abstractmethod
    def _read(self, batch: Batch, shown: Shown) -> Read:
        """What the model says of captions that are given."""

    @abstractmethod
    def _decode(self, shown: Shown, prompts: Prompts, readings: Readings, search: Search) -> Found:
        """Search for captions; the candidates of a picture stand together."""

    def _score(self, shown: Shown, prompts: Prompts, rows: Sequence[Sequence[int]]) -> list[float]:
        """The log-probability of each whole caption, in nats."""
        n_each = len(rows) // len(prompts)
        each = [prompt for prompt in prompts for _ in range(n_each)]
        batch = Batch(None, *pad(rows), *pad(each)).to(self.device)
        read = self._read(batch, None if shown is None else shown.repeat_interleave(n_each, dim=0))
        return [float(part.sum()) for part in torch.split(read.log_probabilities(), [len(row) for row in rows])]

    def _write(self, ids: Sequence[int], reading: Reading | None) -> tuple[str, tuple[Quote, ...]]:
        text = self.tokenizer.decode(ids)
        return text, matching.find(text, reading)

    def _caption_ids(self, caption: str) -> list[int]:
        """A caption to learn, cut at the longest."""
        longest: int = self.config.max_caption_tokens
        return [*self.tokenizer.encode(caption), self.tokenizer.end_id][:longest]

    def _check_length(self, before: int) -> None:
        """Raises `ConfigError` when so many tokens and the longest caption would not fit the decoder."""
        longest, n_positions = before + self.config.max_caption_tokens, language_model.n_positions(self.decoder)
        if longest > n_positions:
            raise ConfigError(
                f"prefix, prompt and caption may take {longest} tokens, the decoder takes {n_positions}",
                where="captioner",
                fix="Lower max_reading_tokens or max_caption_tokens, or raise the decoder's max_positions.",
            )
