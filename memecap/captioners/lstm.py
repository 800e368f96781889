"""Show and Tell: the image vector is the LSTM's first input, then the words.

In: image tokens (averaged to one vector), captions as words. Out: the loss over words and end; captions.
With `reading: true` lines that were read give the LSTM's first state, and quotes are slots for them (quoting/slots.py).
Source: Vinyals et al., arXiv 1411.4555.

B examples, N image tokens of width D, T words, V vocabulary, E width of embeddings, H the state's width, C captions.
"""

from __future__ import annotations

from typing import Literal

import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence

from memecap.captioners.kinds.recurrent import Beginning, RecurrentCaptioner, RecurrentConfig
from memecap.decoding.engines.token_by_token import State
from memecap.modeling.batch import Batch, Images
from memecap.modeling.line_reader import LineReader
from memecap.modeling.loss import token_loss
from memecap.modeling.outputs import Loss
from memecap.text.words import Words


class LSTM(RecurrentCaptioner):
    """An LSTM over one picture's vector and words; without a picture a learnt vector begins."""

    class Config(RecurrentConfig):
        name: str = "lstm"
        n_layers: int = Field(1, ge=1, description="LSTMs, one over the other")
        batch_norm: bool = Field(
            False, description="normalise the picture's vector over the batch after its projection; not in the paper"
        )
        dropout_on: Literal["everywhere", "layers"] = Field(
            "everywhere", description="layers: between layers of the LSTM only, not on its inputs and last states"
        )

    config: Config

    def __init__(self, config: Config, words: Words, *, new: bool) -> None:
        super().__init__(config, words, new=new)
        width = self.embed.embedding_dim
        self.image = nn.Linear(self.encoder.width, width)
        self.no_image = nn.Parameter(torch.zeros(width))
        self.image_norm = _PictureNorm(width) if config.batch_norm else None
        between = config.dropout if config.n_layers > 1 else 0.0
        self.lstm = nn.LSTM(width, config.width, config.n_layers, batch_first=True, dropout=between)
        self.dropout = nn.Dropout(config.dropout if config.dropout_on == "everywhere" else 0.0)
        self.output = nn.Linear(config.width, words.size)
        shape = {"width_in": width, "width": config.width, "n_layers": config.n_layers}
        self.reader = LineReader(**shape) if config.reading else None

    def forward(self, batch: Batch) -> Loss:
        words = self.embed(batch.token_ids[:, :-1])
        inputs = self.dropout(torch.cat([self._start(batch.images, len(batch))[:, None], words], dim=1))
        lengths = batch.token_mask.sum(dim=1).cpu()
        rows = torch.arange(len(batch), device=inputs.device)[:, None].expand(batch.token_ids.shape)
        packed, targets, examples = (
            pack_padded_sequence(part, lengths, batch_first=True, enforce_sorted=False)
            for part in (inputs, batch.token_ids, rows)
        )
        states = self.lstm(packed, self._read(batch.prompt_ids, batch.prompt_mask))[0].data
        return token_loss(batch, self.output(self.dropout(states)), targets.data, examples.data)

    def _begin_writing(self, images: Images | None, prompt_ids: Tensor, prompt_mask: Tensor) -> Beginning:
        first, state = self._advance(self._start(images, len(prompt_ids)), self._read(prompt_ids, prompt_mask))
        return first, state, self._step

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
        start: Tensor = self.image(self.image_tokens(images).mean(dim=1))
        return start if self.image_norm is None else self.image_norm(start)


class _PictureNorm(nn.BatchNorm1d):
    """BatchNorm1d that takes one picture too, by the running statistics: an epoch's last batch may be as small.

    Source: Ioffe and Szegedy, arXiv 1502.03167.
    """

    def forward(self, vectors: Float[Tensor, "B E"]) -> Float[Tensor, "B E"]:
        if len(vectors) > 1:
            normalised: Tensor = super().forward(vectors)
            return normalised
        return nn.functional.batch_norm(
            vectors, self.running_mean, self.running_var, self.weight, self.bias, training=False, eps=self.eps
        )
