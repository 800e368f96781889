"""The frame of the recurrent captioners: an image encoder, a vocabulary of words, a cell that writes step by step.

In: image tokens and readings. Out: captions; with `reading: true` quotes are slots for the lines that were read.

B pictures, R reading tokens, V words.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from pydantic import Field
from torch import Tensor
from transformers import SuppressTokensLogitsProcessor

from memecap.captioners.base import Readings, TrainableCaptioner
from memecap.core.config import EncoderConfig, PartConfig
from memecap.core.progress import say
from memecap.decoding.base import Search
from memecap.decoding.engines.candidates import in_order
from memecap.decoding.engines.token_by_token import State, Step
from memecap.encoders.base import ImageEncoder, build_of_vectors
from memecap.modeling.batch import Example, ImageInput, Images, pad
from memecap.modeling.eval_mode import evaluating
from memecap.modeling.outputs import Caption, cut
from memecap.modeling.word_embeddings import Embeddings, embedding
from memecap.quoting import line_marks, matching, slots
from memecap.quoting.quote import Quote
from memecap.quoting.slot_codec import SlotCodec
from memecap.reading.base import Reading
from memecap.text.words import UNKNOWN_ID, Words

MAX_PROMPT = 384  # tokens: a page of text is cut there, whole lines only
Beginning = tuple[Tensor, State, Step]  # the first word's logits [B V], the state after them, the step that goes on


class RecurrentConfig(PartConfig):
    """Settings that the recurrent captioners have in common."""

    encoder: EncoderConfig = Field(description="the image encoder")
    train_encoder: bool = Field(False, description="whether the encoder is fine-tuned too (encoder_lr is its rate)")
    width: int = Field(512, ge=1, description="of the LSTM's state")
    embeddings: Embeddings = Field(default_factory=lambda: Embeddings(), description="word vectors")
    dropout: float = Field(0.5, ge=0, lt=1, description="share of values dropped in training")
    min_count: int = Field(3, ge=1, description="rarer words of the training captions are left out")
    max_words: int = Field(100, ge=1, description="a caption to learn is cut there; one that is cut has no end")
    reading: bool = Field(
        False, description="whether it is told of the lines that were read, and quotes them as slots; not in the paper"
    )
    max_lines: int = Field(24, ge=1, le=96, description="lines that can be quoted")
    recollections: int = Field(
        0, ge=0, le=4, description="with reading: remembered descriptions of the same picture that it is told"
    )
    max_recollection_tokens: int = Field(64, ge=8, description="each is cut there")


class RecurrentCaptioner(TrainableCaptioner):
    """A part says how it begins to write, and its `forward`."""

    config: RecurrentConfig
    encoder: ImageEncoder

    def __init__(self, config: Any, words: Words, *, new: bool) -> None:
        super().__init__()
        self.config = config
        self._words = words
        self.encoder = build_of_vectors(config.encoder)
        self.encoder.requires_grad_(config.train_encoder)
        self.embed = embedding(config.embeddings, words, filled=new)
        self._slots: SlotCodec | None = None
        if config.reading:
            n_lines, n_recalled = config.max_lines, config.recollections
            never = [UNKNOWN_ID]
            self._slots = SlotCodec(words, join=words.join, max_lines=n_lines, recollections=n_recalled, never=never)

    @classmethod
    def from_texts(cls, config: Any, texts: Iterable[str]) -> RecurrentCaptioner:
        return cls(config, learn_words(config, texts), new=True)

    @classmethod
    def from_folder(cls, config: Any, folder: Path) -> RecurrentCaptioner:
        return cls(config, Words.from_folder(folder), new=False)

    @property
    def tokenizer(self) -> Words:
        return self._words

    def example(self, caption: str, *, image: ImageInput | None = None, reading: Reading | None = None) -> Example:
        """Words, with slots for lines where the captioner reads; then the end, unless the caption was cut."""
        if self._slots is None:
            ids = self._words.encode(caption)
        else:
            ids = self._slots.encode(slots.to_pieces(caption, reading))
        longest = self.config.max_words
        token_ids = [*ids, self._words.end_id] if len(ids) <= longest else ids[:longest]
        return Example(token_ids=token_ids, image=image, prompt_ids=self._prompt(reading))

    def generate(self, images: Images | None, readings: Readings, search: Search) -> list[list[Caption]]:
        with evaluating(self):
            prompts = (part.to(self.device) for part in pad([self._prompt(reading) for reading in readings]))
            first, state, step = self._begin_writing(images, *prompts)
            rule = SuppressTokensLogitsProcessor([UNKNOWN_ID]) if self._slots is None else self._slots.rules(readings)
            end_id = self._words.end_id
            ids, scores = search.decode(first, state, step, end_id=end_id, rules=[rule])
            return in_order([cut(row, end_id) for row in ids], scores.tolist(), readings, self._write)

    @abstractmethod
    def _begin_writing(self, images: Images | None, prompt_ids: Tensor, prompt_mask: Tensor) -> Beginning:
        """After the pictures and prompts [B R] with their mask."""

    def _prompt(self, reading: Reading | None) -> list[int]:
        if self._slots is None:
            return []
        return self._slots.prompt(reading, max_tokens=MAX_PROMPT, max_recalled=self.config.max_recollection_tokens)

    def _write(self, ids: Sequence[int], reading: Reading | None) -> tuple[str, tuple[Quote, ...]]:
        if self._slots is not None:
            return slots.to_caption(self._slots.pieces(ids), reading)
        text = self._words.decode(ids)
        return text, matching.find(text, reading)


def learn_words(config: RecurrentConfig, texts: Iterable[str]) -> Words:
    """The vocabulary of training captions; where the threshold leaves none, all words."""
    kept = list(texts)
    marks = line_marks.names(config.max_lines, recollections=config.recollections > 0) if config.reading else ()
    words = Words.learn(kept, min_count=config.min_count, marks=marks)
    if words.size > words.n_special or config.min_count == 1:
        return words
    say(f"no word is met min_count = {config.min_count} times in {len(kept)} training captions: all words are kept")
    return Words.learn(kept, marks=marks)
