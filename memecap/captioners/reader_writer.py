"""Reader-writer: the lines that were read, with their layout → a description with slots for them; small, from scratch.

It sees no pixels: what it writes outside quotes rests on where the text stands, how much there is and what it says. Its
quotes are slots filled with the lines themselves, so it cannot misquote, and each line is quoted once.
A sequence is [picture's shape][line marks and first words]…[write][caption with slots][end]; the loss covers caption
and end.
Source: ours; slots after pointer networks (Vinyals et al., arXiv 1506.03134).

B examples, R reading tokens, T caption tokens, L positions, V ids.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path

import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor
from transformers import GPT2Config, GPT2LMHeadModel

from memecap.captioners.base import TrainableCaptioner
from memecap.core.config import PartConfig
from memecap.decoding.base import Sampling, Search, SearchConfig
from memecap.decoding.mbr import MBR
from memecap.decoding.run import candidates as _candidates
from memecap.decoding.run import parallel_samples
from memecap.decoding.run import transformers_generate as _generation
from memecap.modeling import decoder_input
from memecap.modeling.batch import Batch, Example, ImageInput, Images, pad
from memecap.modeling.loss import token_loss
from memecap.modeling.mode import evaluating
from memecap.modeling.outputs import Caption, Loss
from memecap.quoting import line_marks as _line_marks
from memecap.quoting import matching as _quotes
from memecap.quoting import slots as _slots
from memecap.quoting.slot_rules import SlotRules
from memecap.reading.base import Reading
from memecap.text.bpe import BPE
from memecap.text.quotes import MARKS


class ReaderWriter(TrainableCaptioner):
    """A small GPT that writes descriptions around the lines of a reading."""

    class Config(PartConfig):
        name: str = "reader_writer"
        n_layers: int = Field(4, ge=1)
        width: int = Field(192, ge=8)
        n_heads: int = Field(6, ge=1)
        dropout: float = Field(0.1, ge=0, lt=1)
        vocab_size: int = Field(2500, ge=512, description="ids of the tokenizer, at most")
        max_lines: int = Field(48, ge=1, le=96, description="lines that can be quoted")
        max_reading_tokens: int = Field(256, ge=16, description="the reading is cut there, whole lines only")
        max_caption_tokens: int = Field(160, ge=8, description="a caption to learn is cut there, its end included")
        complete: float | None = Field(
            0.6, ge=0, le=1, description="lines at least so sure that no quote took are quoted at the end; null: none"
        )
        decoding: SearchConfig = Field(
            MBR(max_new_tokens=140), description="how captions are chosen unless the caller says otherwise"
        )
        slots: bool = Field(True, description="a quote is made of marks of lines; false: it is written out, to compare")
        min_similarity: float = Field(72.0, ge=0, le=100, description="similarity from which a line belongs to a quote")

    config: Config

    def __init__(self, config: Config, tokenizer: BPE) -> None:
        super().__init__()
        self.config = config
        self._tokenizer = tokenizer
        self._ids = {name: tokenizer.mark_id(name) for name in _line_marks.names(config.max_lines)}
        self._pieces = {
            self._ids[_line_marks.slot(i)]: i for i in (_slots.UNREAD, _slots.USER, *range(config.max_lines))
        }
        self._never = self._never_written()
        self.decoder = GPT2LMHeadModel(_shape(config, tokenizer))

    @classmethod
    def from_texts(cls, config: Config, texts: Iterable[str]) -> ReaderWriter:
        marks = _line_marks.names(config.max_lines)
        return cls(config, BPE.learn((t.lower() for t in texts), vocab_size=config.vocab_size, marks=marks))

    @classmethod
    def from_folder(cls, config: Config, folder: Path) -> ReaderWriter:
        return cls(config, BPE.from_folder(folder))

    @property
    def tokenizer(self) -> BPE:
        return self._tokenizer

    def default_search(self) -> Search:
        return self.config.decoding

    def example(self, caption: str, *, image: ImageInput | None = None, reading: Reading | None = None) -> Example:
        pieces: Sequence[_slots.Piece] = [caption.lower()]
        if self.config.slots:
            pieces = _slots.to_pieces(caption, reading, min_similarity=self.config.min_similarity)
        ids = [*(i for piece in pieces for i in self._encode(piece)), self.tokenizer.end_id]
        return Example(token_ids=ids[: self.config.max_caption_tokens], prompt_ids=self._prompt(reading))

    def forward(self, batch: Batch) -> Loss:
        read = decoder_input.read(self.decoder, self._no_prefix(len(batch)), batch)
        return token_loss(batch, read.logits, read.targets, read.examples)

    def generate(
        self,
        images: Images | None,
        readings: Sequence[Reading | None],
        search: Search,
    ) -> list[list[Caption]]:
        with evaluating(self):
            ids, log_probabilities = self._decode(readings, search)
            return _candidates.collect(
                ids,
                log_probabilities,
                len(readings),
                end_ids=(self.tokenizer.end_id,),
                score=partial(self._score, readings),
                write=lambda picture, row, score, finished: self._caption(row, readings[picture], score, finished),
            )

    def _score(self, readings: Sequence[Reading | None], rows: Sequence[Sequence[int]], n_each: int) -> list[float]:
        prompts = [prompt for prompt in map(self._prompt, readings) for _ in range(n_each)]
        batch = Batch(None, *pad(rows), *pad(prompts)).to(self._device)
        return decoder_input.score(self.decoder, self._no_prefix(len(batch)), batch)

    def _no_prefix(self, n: int) -> Float[Tensor, "B 0 W"]:
        return torch.empty(n, 0, self.config.width, device=self._device)

    def _decode(self, readings: Sequence[Reading | None], search: Search) -> tuple[Tensor, Tensor | None]:
        ids, mask = pad([self._prompt(reading) for reading in readings])
        order = mask.int().argsort(dim=1, stable=True)  # padding to the left
        ids, mask = ids.gather(1, order).to(self._device), mask.gather(1, order).to(self._device)
        n_lines = [min(len(reading.lines), self.config.max_lines) if reading else 0 for reading in readings]
        embeds, rules = self.decoder.get_input_embeddings()(ids), SlotRules(self._ids, n_lines, self._never)
        ends, room = {"end_id": self.tokenizer.end_id}, {"n_positions": self._n_positions}
        if isinstance(search, Sampling):
            return parallel_samples.sample(self.decoder, embeds, mask, search, **ends, **room, processors=[rules])
        return _generation.generate(self.decoder, embeds, mask, search, **ends, **room, processors=[rules])

    def _caption(self, ids: Sequence[int], reading: Reading | None, score: float, finished: bool) -> Caption:
        pieces: list[_slots.Piece] = []
        words: list[int] = []
        for i in [*ids, self.tokenizer.end_id]:
            if i in self._pieces or i == self.tokenizer.end_id:
                # a caption cut inside a letter's bytes leaves U+FFFD
                pieces += [self.tokenizer.decode(words, strip=False).replace("\ufffd", "")] if words else []
                pieces += [self._pieces[i]] if i in self._pieces else []
                words = []
            else:
                words.append(i)
        pieces += self._left_out(pieces, reading)
        text, quotes = _slots.to_caption(pieces, reading)
        if not self.config.slots:
            quotes = _quotes.find(text, reading)
        return Caption(text, quotes, score, finished, token_ids=tuple(ids))

    def _left_out(self, pieces: Sequence[_slots.Piece], reading: Reading | None) -> list[_slots.Piece]:
        """What is surely on the picture and stands in no quote, as one more quote."""
        if reading is None or self.config.complete is None or not self.config.slots:
            return []
        sure = [i for i, line in enumerate(reading.lines) if line.confidence >= self.config.complete]
        missing = [i for i in sure if i not in pieces and _slots.bare(reading.lines[i].said)]
        return [" ещё надпись:", *missing, "."] if missing else []

    def _prompt(self, reading: Reading | None) -> list[int]:
        ids: list[int] = []
        for marks, text in _line_marks.describe(reading, self.config.max_lines) if reading else ():
            words = self.tokenizer.encode(text.lower())
            line = [*(self._ids[mark] for mark in marks), *(_line_marks.shorten(words) if self.config.slots else words)]
            if len(ids) + len(line) >= self.config.max_reading_tokens:
                break
            ids += line
        return [*ids, self._ids[_line_marks.WRITE]]

    def _encode(self, piece: _slots.Piece) -> list[int]:
        if isinstance(piece, str):
            return self.tokenizer.encode(piece)
        return [self._ids[_line_marks.slot(piece)]] if piece < self.config.max_lines else []

    def _never_written(self) -> list[int]:
        """Ids that no caption may hold: layout marks, and words with a quotation mark in them; or all marks."""
        if not self.config.slots:
            return list(self._ids.values())
        marks = [i for i in self._ids.values() if i not in self._pieces]
        n_words = range(self.tokenizer.size)
        quoting = [i for i in n_words if set(self.tokenizer.decode([i])) & MARKS]
        return [*marks, *quoting]

    @property
    def _n_positions(self) -> int:
        return self.config.max_reading_tokens + self.config.max_caption_tokens

    @property
    def _device(self) -> torch.device:
        device: torch.device = self.decoder.lm_head.weight.device
        return device


def _shape(config: ReaderWriter.Config, tokenizer: BPE) -> GPT2Config:
    return GPT2Config(
        vocab_size=tokenizer.size,
        n_positions=config.max_reading_tokens + config.max_caption_tokens,
        n_embd=config.width,
        n_layer=config.n_layers,
        n_head=config.n_heads,
        resid_pdrop=config.dropout,
        embd_pdrop=config.dropout,
        attn_pdrop=0.0,  # attention without dropout takes the fused kernel: twice as fast on the CPU
        activation_function="gelu_pytorch_tanh",
        bos_token_id=tokenizer.end_id,
        eos_token_id=tokenizer.end_id,
    )
