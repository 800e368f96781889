"""Show and Tell: the image vector is the LSTM's first input, then the words.

In: image tokens (averaged to one vector), captions as words. Out: the loss over words and end; captions.
With `reading: true` lines that were read give the LSTM's first state, and quotes are slots for them (_line_reader.py).
Source: Vinyals et al., arXiv 1411.4555.

B examples, N image tokens of width D, T words, V vocabulary, E width of embeddings, H the state's width, C captions.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Literal

import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence

from memecap.captioners.base import TrainableCaptioner
from memecap.core import config as configuration
from memecap.decoding.base import Search
from memecap.decoding.run.stepwise import State
from memecap.encoders.base import ImageEncoder
from memecap.modeling import recurrent as _recurrent
from memecap.modeling.batch import Batch, Example, ImageInput, Images, pad
from memecap.modeling.line_reader import LineReader
from memecap.modeling.loss import token_loss
from memecap.modeling.mode import evaluating
from memecap.modeling.outputs import Caption, Loss
from memecap.reading.base import Reading
from memecap.text.words import Words


class LSTM(TrainableCaptioner):
    """An LSTM over one picture's vector and words; without a picture a learnt vector begins."""

    class Config(_recurrent.RecurrentConfig):
        name: str = "lstm"
        n_layers: int = Field(1, ge=1)
        batch_norm: bool = Field(
            False, description="normalise the picture's vector over the batch after its projection; not in the paper"
        )
        dropout_on: Literal["everywhere", "layers"] = Field(
            "everywhere", description="layers: between layers of the LSTM only, not on its inputs and last states"
        )

    config: Config
    encoder: ImageEncoder

    def __init__(self, config: Config, words: Words, *, new: bool) -> None:
        super().__init__()
        self.config = config
        self._words = words
        self.encoder = configuration.build("encoders", config.encoder)
        self.encoder.requires_grad_(config.train_encoder)
        self.embed = _recurrent.embedding(config.embeddings, words, filled=new)
        width = self.embed.embedding_dim
        self.image = nn.Linear(self.encoder.width, width)
        self.no_image = nn.Parameter(torch.zeros(width))
        self.image_norm = _recurrent.PictureNorm(width) if config.batch_norm else None
        between = config.dropout if config.n_layers > 1 else 0.0
        self.lstm = nn.LSTM(width, config.width, config.n_layers, batch_first=True, dropout=between)
        self.dropout = nn.Dropout(config.dropout if config.dropout_on == "everywhere" else 0.0)
        self.output = nn.Linear(config.width, words.size)
        self.reader: LineReader | None = None
        if config.reading:
            self.reader = LineReader(width_in=width, width=config.width, n_layers=config.n_layers)

    @classmethod
    def from_texts(cls, config: Config, texts: Iterable[str]) -> LSTM:
        return cls(config, _recurrent.learn_words(config, texts), new=True)

    @classmethod
    def from_folder(cls, config: Config, folder: Path) -> LSTM:
        return cls(config, Words.from_folder(folder), new=False)

    @property
    def tokenizer(self) -> Words:
        return self._words

    def references(self) -> dict[str, nn.Module]:
        return _recurrent.references(self)

    def save_references(self, folder: Path) -> dict[str, Any]:
        return _recurrent.save_references(self, folder)

    def train(self, mode: bool = True) -> LSTM:
        super().train(mode)
        _recurrent.keep_eval(self.encoder, trained=self.config.train_encoder)
        return self

    def example(self, caption: str, *, image: ImageInput | None = None, reading: Reading | None = None) -> Example:
        return _recurrent.example(self._words, self.config, caption, image, reading)

    def forward(self, batch: Batch) -> Loss:
        words = self.embed(batch.token_ids[:, :-1])
        inputs = self.dropout(torch.cat([self._start(batch.images, len(batch))[:, None], words], dim=1))
        lengths = batch.token_mask.sum(dim=1).cpu()
        packed = pack_padded_sequence(inputs, lengths, batch_first=True, enforce_sorted=False)
        rows = torch.arange(len(batch), device=inputs.device)[:, None].expand(batch.token_ids.shape)
        targets, examples = (
            pack_padded_sequence(part, lengths, batch_first=True, enforce_sorted=False).data
            for part in (batch.token_ids, rows)
        )
        states = self.lstm(packed, self._read(batch.prompt_ids, batch.prompt_mask))[0].data
        return token_loss(batch, self.output(self.dropout(states)), targets, examples)

    def generate(
        self, images: Images | None, readings: Sequence[Reading | None], search: Search
    ) -> list[list[Caption]]:
        with evaluating(self):
            prompts = [self.example("", reading=reading).prompt_ids for reading in readings]
            state = self._read(*(part.to(self._device) for part in pad(prompts)))
            first, after = self._advance(self._start(images, len(readings)), state)
            rules = _recurrent.forbidden(self._words, self.config, readings)
            end_id = self._words.end_id
            ids, scores = search.decode(first, after, self._step, end_id=end_id, rules=rules)
            return _recurrent.captions(self._words, self.config, ids, scores, readings)

    def _step(self, ids: Tensor, state: State) -> tuple[Tensor, State]:
        return self._advance(self.embed(ids), tuple(part.transpose(0, 1).contiguous() for part in state))

    def _advance(self, inputs: Float[Tensor, "C E"], before: State | None) -> tuple[Tensor, State]:
        """One step from hidden and cell [layers C H]; the state it gives has the batch first."""
        seen, after = self.lstm(inputs[:, None], before)
        return self.output(seen[:, 0]), tuple(part.transpose(0, 1) for part in after)

    def _read(self, ids: Tensor, mask: Tensor) -> State | None:
        return None if self.reader is None else self.reader(self.embed(ids), mask)

    def _start(self, images: Images | None, n: int) -> Float[Tensor, "B E"]:
        if images is None:
            return self.no_image.expand(n, -1)
        start: Tensor = self.image(_recurrent.tokens(self.encoder, images, self._device).mean(dim=1))
        return start if self.image_norm is None else self.image_norm(start)

    @property
    def _device(self) -> torch.device:
        return self.no_image.device
