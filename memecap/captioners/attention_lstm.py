"""Show, Attend and Tell: before each word an LSTM looks at the cells of the picture's grid.

In: image tokens [B N D] of an encoder with `output: grid`, captions as words. Out: the loss over words and end, in
training with the doubly stochastic term; captions; where the captioner looked at each word.
With `reading: true` lines that were read add to the first state, and quotes are slots for them (quoting/slots.py).
Source: Xu et al., arXiv 1502.03044 (soft attention, deep output); scheduled sampling: Bengio et al., 1506.03099.

B pictures of N image tokens of width D, T words, V vocabulary, E width of embeddings, H the state's width, C captions.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from pydantic import Field
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence

from memecap.captioners.kinds.recurrent import Beginning, RecurrentCaptioner, RecurrentConfig
from memecap.core.config import Frozen
from memecap.decoding.engines.token_by_token import State
from memecap.errors import ConfigError
from memecap.modeling.attention import Attended, SoftAttention, resize
from memecap.modeling.batch import Batch, Images, pad
from memecap.modeling.eval_mode import evaluating
from memecap.modeling.line_reader import LineReader
from memecap.modeling.loss import token_loss
from memecap.modeling.outputs import Caption, Loss
from memecap.reading.base import Reading
from memecap.text.words import Words


class TeacherForcing(Frozen):
    """How often the LSTM is told the reference's word before, and not its own guess: falls in a straight line."""

    start: float = Field(1.0, ge=0, le=1, description="share of words told in the first batch")
    end: float = Field(1.0, ge=0, le=1, description="share from batch `batches` on")
    batches: int = Field(10_000, ge=1, description="training batches from start to end")


class AttentionLSTM(RecurrentCaptioner):
    """An LSTM with soft attention; without a picture its only image token is a learnt one."""

    class Config(RecurrentConfig):
        name: str = "attention_lstm"
        attention_width: int = Field(512, ge=1, description="of the scores' hidden layer")
        grid_side: int | None = Field(None, ge=1, description="the grid is averaged to this side; null: as it comes")
        doubly_stochastic: float = Field(1.0, ge=0, description="weight of Σ (1 - Σ attention of a cell)² in training")
        teacher_forcing: TeacherForcing = Field(
            default_factory=lambda: TeacherForcing(), description="when it is told the reference's words"
        )

    config: Config
    n_batches: Int[Tensor, ""]

    def __init__(self, config: Config, words: Words, *, new: bool) -> None:
        super().__init__(config, words, new=new)
        n_cells = self.encoder.n_tokens
        if config.grid_side is not None and math.isqrt(n_cells) ** 2 != n_cells:
            what = f"the encoder gives {n_cells} image tokens, which are no square grid to be resized"
            raise ConfigError(what, where="captioner.grid_side", fix="Set grid_side: null.")
        seen, width = self.encoder.width, config.width
        embedded = self.embed.embedding_dim
        self.no_image = nn.Parameter(torch.zeros(seen))
        self.no_word = nn.Parameter(torch.zeros(embedded))  # stands before the first word
        self.attention = SoftAttention(width_in=seen, state_width=width, width=config.attention_width)
        self.first_hidden, self.first_cell = nn.Linear(seen, width), nn.Linear(seen, width)
        self.cell = nn.LSTMCell(embedded + seen, width)
        self.from_hidden, self.from_context = nn.Linear(width, embedded), nn.Linear(seen, embedded, bias=False)
        self.dropout = nn.Dropout(config.dropout)
        self.output = nn.Linear(embedded, words.size)
        self.reader = LineReader(width_in=embedded, width=width, n_layers=1) if config.reading else None
        self.register_buffer("n_batches", torch.zeros((), dtype=torch.long))  # trained on: for the teacher's schedule

    def forward(self, batch: Batch) -> Loss:
        """The doubly stochastic term is added in training only, so that a validation loss compares with others'."""
        logits, weights, packed = self._teach(batch)
        assert packed.sorted_indices is not None
        examples = torch.cat([packed.sorted_indices[:n] for n in packed.batch_sizes.tolist()])
        loss = token_loss(batch, logits, packed.data, examples)
        if not self.training or batch.weights is not None or not self.config.doubly_stochastic:
            return loss
        looked = torch.zeros(len(batch), weights.shape[1], device=weights.device).index_add(0, examples, weights)
        unequal = ((1 - looked) ** 2).sum()
        return Loss(loss.total + self.config.doubly_stochastic * unequal, loss.n_tokens)

    def _begin_writing(self, images: Images | None, prompt_ids: Tensor, prompt_mask: Tensor) -> Beginning:
        tokens = self._look(images, len(prompt_ids))
        keys = self.attention.keys(tokens)

        def step(ids: Tensor | None, state: State) -> tuple[Tensor, State]:
            before = self.no_word.expand(len(tokens), -1) if ids is None else self.embed(ids)
            logits, state, _ = self._step(before, state, tokens, keys)
            return logits, state

        return *step(None, self._begin(tokens, prompt_ids, prompt_mask)), step

    def attend(
        self, images: Images | None, readings: Sequence[Reading | None], captions: Sequence[Caption]
    ) -> list[Attended]:
        """Where it looks at each word of captions that it wrote."""
        with evaluating(self):
            ids = [caption.token_ids or (self._words.end_id,) for caption in captions]
            batch = Batch(images, *pad(ids), *pad([self._prompt(reading) for reading in readings])).to(self.device)
            _, weights, packed = self._teach(batch)
            padded, _ = nn.utils.rnn.pad_packed_sequence(packed._replace(data=weights), batch_first=True)
            return [
                Attended(tuple(self._words.words[i] for i in row), maps[: len(row)].cpu())
                for row, maps in zip(ids, padded, strict=True)
            ]

    def _teach(self, batch: Batch) -> tuple[Float[Tensor, "n V"], Float[Tensor, "n N"], PackedSequence]:
        """Logits and attention of all words, step after step as in a packed sequence; and the words so packed.

        Captions that have ended take no further part: the k-th step computes those with k words and more.
        """
        lengths = batch.token_mask.sum(dim=1).cpu()
        packed = pack_padded_sequence(batch.token_ids, lengths, batch_first=True, enforce_sorted=False)
        order = packed.sorted_indices
        tokens = self._look(batch.images, len(batch))
        state = tuple(part[order] for part in self._begin(tokens, batch.prompt_ids, batch.prompt_mask))
        tokens, words = tokens[order], self.embed(batch.token_ids)[order]
        keys = self.attention.keys(tokens)
        told, before = self._share_told(batch), self.no_word.expand(len(batch), -1)
        logits: list[Tensor] = []
        weights: list[Tensor] = []
        for t, n in enumerate(packed.batch_sizes.tolist()):
            if t > 0:
                before = words[:n, t - 1]
                if told < 1:
                    guesses = self.embed(logits[-1][:n].argmax(dim=1))
                    before = torch.where(torch.rand(n, 1, device=before.device) < told, before, guesses)
            state = tuple(part[:n] for part in state)
            said, state, looked = self._step(self.dropout(before[:n]), state, tokens[:n], keys[:n])
            logits.append(said)
            weights.append(looked)
        return torch.cat(logits), torch.cat(weights), packed

    def _step(
        self, before: Float[Tensor, "C E"], state: State, tokens: Tensor, keys: Tensor
    ) -> tuple[Float[Tensor, "C V"], State, Float[Tensor, "C N"]]:
        """Look, read the word before, say: logits, the state after, the attention."""
        context, weights = self.attention(tokens, keys, state[0])
        hidden, cell = self.cell(torch.cat([before, context], dim=1), state)
        deep = before + self.from_hidden(self.dropout(hidden)) + self.from_context(context)
        return self.output(self.dropout(deep)), (hidden, cell), weights

    def _begin(self, tokens: Float[Tensor, "B N D"], prompt_ids: Tensor, prompt_mask: Tensor) -> State:
        """The first hidden and cell [B H], from the picture's mean and from what was read."""
        mean = tokens.mean(dim=1)
        state = self.first_hidden(mean).tanh(), self.first_cell(mean).tanh()
        if self.reader is None:
            return state
        read = self.reader(self.embed(prompt_ids), prompt_mask)
        return tuple(mine + theirs[0] for mine, theirs in zip(state, read, strict=True))

    def _look(self, images: Images | None, n: int) -> Float[Tensor, "B N D"]:
        if images is None:
            return self.no_image.expand(n, 1, -1)
        tokens = self.image_tokens(images)
        return tokens if self.config.grid_side is None else resize(tokens, self.config.grid_side)

    def _share_told(self, batch: Batch) -> float:
        """The teacher's share in this batch, and count the batch; captions with weights are scored as they are."""
        if not self.training or batch.weights is not None:
            return 1.0
        schedule = self.config.teacher_forcing
        passed = min(1.0, int(self.n_batches) / schedule.batches)
        self.n_batches += 1
        return schedule.start + passed * (schedule.end - schedule.start)
