"""Show and Tell: the image vector is the LSTM's first input, then the words.

In: image tokens (averaged to one vector), captions as words. Out: the loss over words and end; captions.
Source: Vinyals et al., arXiv 1411.4555.

B examples, N image tokens of width D, T words, V vocabulary, H the state's width.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.rnn import pack_padded_sequence

from memecap import config as configuration
from memecap.batching import Batch, Example, Images
from memecap.captioners import _recurrent, _recurrent_decoding
from memecap.captioners.base import Caption, Captioner, Loss
from memecap.decoding import Beam, Greedy, Nucleus
from memecap.reading.base import Reading
from memecap.text.words import Words


class LSTM(Captioner):
    """An LSTM over one picture's vector and words; without a picture a learnt vector begins."""

    class Config(_recurrent.RecurrentConfig):
        name: str = "lstm"
        n_layers: int = Field(1, ge=1)

    config: Config

    def __init__(self, config: Config, words: Words, *, new: bool) -> None:
        super().__init__()
        self.config = config
        self._words = words
        self.encoder = configuration.build("encoders", config.encoder)
        if not config.train_encoder:
            self.encoder.requires_grad_(False)
        self.embed = _recurrent.embedding(config.embeddings, words, filled=new)
        width = self.embed.embedding_dim
        self.image = nn.Linear(self.encoder.width, width)
        self.no_image = nn.Parameter(torch.zeros(width))
        between = config.dropout if config.n_layers > 1 else 0.0
        self.lstm = nn.LSTM(width, config.width, config.n_layers, batch_first=True, dropout=between)
        self.dropout = nn.Dropout(config.dropout)
        self.output = nn.Linear(config.width, words.size)

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
        assert self.encoder is not None
        return {} if self.config.train_encoder else {"encoder": self.encoder}

    def save_references(self, folder: Path) -> dict[str, dict[str, str]]:
        assert self.encoder is not None
        if not self.references():
            return {}
        self.encoder.save(folder / "encoder")
        return {"encoder": {"model": "./encoder"}}

    def train(self, mode: bool = True) -> LSTM:
        super().train(mode)
        if self.encoder is not None and not self.config.train_encoder:
            self.encoder.eval()
        return self

    def example(self, caption: str, *, image: Tensor | None = None, reading: Reading | None = None) -> Example:
        return _recurrent.example(self._words, self.config, caption, image)

    def forward(self, batch: Batch) -> Loss:
        words = self.embed(batch.token_ids[:, :-1])
        inputs = self.dropout(torch.cat([self._start(batch.images, len(batch))[:, None], words], dim=1))
        lengths = batch.token_mask.sum(dim=1).cpu()
        packed = pack_padded_sequence(inputs, lengths, batch_first=True, enforce_sorted=False)
        targets = pack_padded_sequence(batch.token_ids, lengths, batch_first=True, enforce_sorted=False)
        logits = self.output(self.dropout(self.lstm(packed)[0].data))
        return Loss(functional.cross_entropy(logits, targets.data, reduction="sum"), batch.n_tokens)

    @torch.no_grad()
    def generate(
        self, images: Images | None, readings: Sequence[Reading | None], decoding: Greedy | Beam | Nucleus
    ) -> list[list[Caption]]:
        training = self.training
        self.eval()
        try:
            first, state = self._read(self._start(images, len(readings)), None)
            ids, scores = _recurrent_decoding.decode(first, state, self._step, decoding, end_id=self._words.end_id)
            return _recurrent.captions(self._words, ids, scores, readings)
        finally:
            self.train(training)

    def _step(self, ids: Tensor, state: _recurrent_decoding.State) -> tuple[Tensor, _recurrent_decoding.State]:
        return self._read(self.embed(ids), state)

    def _read(
        self, inputs: Float[Tensor, "C E"], state: _recurrent_decoding.State | None
    ) -> tuple[Tensor, _recurrent_decoding.State]:
        """One step; the state is kept with the batch first: hidden and cell, [C layers H]."""
        before = None if state is None else tuple(part.transpose(0, 1).contiguous() for part in state)
        seen, after = self.lstm(inputs[:, None], before)
        logits = _recurrent.forbid_unknown(self.output(seen[:, 0]))
        return logits, tuple(part.transpose(0, 1) for part in after)

    def _start(self, images: Images | None, n: int) -> Float[Tensor, "B E"]:
        if images is None or self.encoder is None:
            return self.no_image.expand(n, -1)
        images = images.to(self.no_image.device)
        tokens = images.features if images.features is not None else self.encoder(images.tensor)
        start: Tensor = self.image(tokens.mean(dim=1))
        return start
