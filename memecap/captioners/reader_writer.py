"""Reader-writer: the lines that were read, with their layout → a description with slots for them; small, from scratch.

It sees no pixels: what it writes outside quotes rests on where the text stands, how much there is and what it says. Its
quotes are slots filled with the lines themselves, so it cannot misquote, and each line is quoted once.
Where the same picture was described before, it is told how surely and what was said, with this picture's lines in its
quotes, and may copy from it; training decides how far it is trusted.
A sequence is [picture's shape][line marks and first words]…[recalled][caption with slots]…[write][caption with
slots][end]; the loss covers the last caption and its end.
Source: ours; slots after pointer networks (Vinyals et al., arXiv 1506.03134), copying after See et al. (1704.04368).

B examples, R reading tokens, T caption tokens, L positions, V ids.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from pydantic import Field

from memecap.captioners.base import Readings
from memecap.captioners.kinds.gpt import Found, GPTCaptioner, Prompts, Shown
from memecap.captioners.kinds.reteller import Reteller
from memecap.core import storage
from memecap.core.config import PartConfig
from memecap.decoding.base import Sampling, Search, SearchConfig
from memecap.decoding.engines.parallel_samples import sample
from memecap.decoding.engines.transformers_generate import generate
from memecap.decoding.engines.whole_words import WholeWords, words_in
from memecap.decoding.mbr import MBR
from memecap.errors import DataError
from memecap.memory.entry import Entry
from memecap.modeling import language_model, prefix
from memecap.modeling.batch import Batch, Example, ImageInput, Images, pad
from memecap.modeling.copying import CopyHead, Prompt
from memecap.modeling.outputs import Caption, Loss
from memecap.quoting import line_marks, matching, slots
from memecap.quoting.quote import Quote
from memecap.quoting.slot_codec import SlotCodec
from memecap.quoting.tweet import text_of
from memecap.reading.base import Reading
from memecap.text.bpe import BPE

WORDS = "words.json"  # of a checkpoint: what it may write outside quotes


class ReaderWriter(GPTCaptioner):
    """A small GPT that writes descriptions around the lines of a reading."""

    class Config(PartConfig):
        name: str = "reader_writer"
        n_layers: int = Field(4, ge=1, description="blocks of attention and MLP")
        width: int = Field(192, ge=8, description="of a token's vector; a multiple of n_heads")
        n_heads: int = Field(6, ge=1, description="heads of attention in a block")
        dropout: float = Field(0.1, ge=0, lt=1, description="share of values dropped in training")
        vocab_size: int = Field(2500, ge=512, description="ids of the tokenizer, at most")
        max_lines: int = Field(48, ge=1, le=96, description="lines that can be quoted")
        max_reading_tokens: int = Field(256, ge=16, description="the reading is cut there, whole lines only")
        recollections: int = Field(
            0, ge=0, le=4, description="remembered descriptions of the same picture that it is told, the surest first"
        )
        max_recollection_tokens: int = Field(96, ge=8, description="each is cut there")
        max_caption_tokens: int = Field(160, ge=8, description="a caption to learn is cut there, its end included")
        complete: float | None = Field(
            0.6, ge=0, le=1, description="lines at least so sure that no quote took are quoted at the end; null: none"
        )
        decoding: SearchConfig = Field(
            MBR(max_new_tokens=140), description="how captions are chosen unless the caller says otherwise"
        )
        slots: bool = Field(True, description="a quote is made of marks of lines; false: it is written out, to compare")
        whole_words: bool = Field(True, description="outside quotes only words of the captions it learnt from")
        min_confidence: float = Field(0.5, ge=0, le=1, description="recollections below it are not retold")
        n_alike: int = Field(
            16, ge=0, description="descriptions of pictures with a text like this that are weighed, with a memory"
        )
        min_similarity: float = Field(72.0, ge=0, le=100, description="similarity from which a line belongs to a quote")

    config: Config

    def __init__(self, config: Config, tokenizer: BPE, words: Sequence[str] = ()) -> None:
        super().__init__(config, tokenizer)
        self._words = tuple(words)
        self._slots = SlotCodec(
            tokenizer,
            join=self._join,
            max_lines=config.max_lines,
            slots=config.slots,
            recollections=config.recollections,
        )
        self._rules = [WholeWords(words, self._spelled(tokenizer))] if words and config.whole_words else []
        self._reteller = Reteller(min_confidence=config.min_confidence, n_alike=config.n_alike)
        shape = config.model_dump(include={"n_layers", "width", "n_heads", "dropout"})
        longest = config.max_reading_tokens + config.recollections * config.max_recollection_tokens
        shape["max_positions"] = longest + config.max_caption_tokens
        self.decoder = language_model.new_gpt2(language_model.New(**shape), tokenizer)
        self.copy_head = CopyHead(width=config.width, max_length=longest) if config.recollections else None

    @classmethod
    def from_texts(cls, config: Config, texts: Iterable[str]) -> ReaderWriter:
        marks = line_marks.names(config.max_lines, recollections=config.recollections > 0)
        lower = [text.lower() for text in texts]
        return cls(config, BPE.learn(lower, vocab_size=config.vocab_size, marks=marks), words_in(lower))

    @classmethod
    def from_folder(cls, config: Config, folder: Path) -> ReaderWriter:
        path = folder / WORDS
        words = storage.read_json(path) if path.exists() else []  # older checkpoints hold none
        if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
            raise DataError("no list of words", where=path, fix="Train or fetch the checkpoint again.")
        return cls(config, BPE.from_folder(folder), words)

    def save_structure(self, folder: Path) -> None:
        super().save_structure(folder)
        if self._words:
            storage.write_json(folder / WORDS, list(self._words))

    def know(self, entries: Iterable[Entry]) -> None:
        self._reteller.know(entries)

    def generate(self, images: Images | None, readings: Readings, search: Search) -> list[list[Caption]]:
        written = super().generate(images, readings, search)
        if not isinstance(search, Sampling) or not search.retold:
            return written
        return [[*found, *self._reteller.tell(reading)] for found, reading in zip(written, readings, strict=True)]

    def default_search(self) -> Search:
        return self.config.decoding

    def example(self, caption: str, *, image: ImageInput | None = None, reading: Reading | None = None) -> Example:
        pieces: list[slots.Piece] = [caption.lower()]
        if self.config.slots:
            pieces = slots.to_pieces(caption, reading, min_similarity=self.config.min_similarity)
        ids = [*self._slots.encode(pieces), self.tokenizer.end_id]
        return Example(token_ids=ids[: self.config.max_caption_tokens], prompt_ids=self._prompt(reading))

    def forward(self, batch: Batch) -> Loss:
        return self._read(batch, None).loss(batch)

    def _show(self, images: Images | None, readings: Readings) -> tuple[Shown, Prompts]:
        return None, [self._prompt(reading) for reading in readings]

    def _read(self, batch: Batch, shown: Shown) -> prefix.Read:
        if self.copy_head is None:
            return prefix.read(self.decoder, shown, batch)
        return prefix.read(self.decoder, shown, batch, self.copy_head, self._slots.recalled(batch.prompt_ids))

    def _decode(self, shown: Shown, prompts: Prompts, readings: Readings, search: Search) -> Found:
        before = prefix.before_writing(self.embed, shown, prompts)
        rules = [self._slots.rules(readings), *self._rules]
        with self._copying(prompts):
            if isinstance(search, Sampling):
                return sample(self.decoder, *before, search, end_id=self.tokenizer.end_id, processors=rules)
            return generate(self.decoder, *before, search, end_id=self.end_ids, processors=rules)

    def _copying(self, prompts: Prompts) -> AbstractContextManager[None]:
        if self.copy_head is None:
            return nullcontext()
        ids, mask = (part.to(self.device) for part in pad(prompts))
        prompt = Prompt(ids, mask, self.embed(ids), self._slots.recalled(ids))
        return self.copy_head.copying(self.embed, self.decoder.get_output_embeddings(), prompt)

    def _write(self, ids: Sequence[int], reading: Reading | None) -> tuple[str, tuple[Quote, ...]]:
        pieces = _said(self._slots.pieces(ids), reading)
        text, quotes = slots.to_caption([*pieces, *self._left_out(pieces, reading)], reading)
        return text, quotes if self.config.slots else matching.find(text, reading)

    def _left_out(self, pieces: Sequence[slots.Piece], reading: Reading | None) -> list[slots.Piece]:
        """What the picture surely says and stands in no quote, as one more quote; no counters of a tweet."""
        if reading is None or self.config.complete is None or not self.config.slots:
            return []
        said = {id(line) for line in text_of(reading) if line.confidence >= self.config.complete}
        sure = [i for i, line in enumerate(reading.lines) if id(line) in said]
        missing = [i for i in sure if i not in pieces and slots.bare(reading.lines[i].said)]
        return [" ещё надпись:", *missing, "."] if missing else []

    def _prompt(self, reading: Reading | None) -> list[int]:
        lengths = {"max_tokens": self.config.max_reading_tokens, "max_recalled": self.config.max_recollection_tokens}
        return self._slots.prompt(reading, **lengths)

    def _spelled(self, tokenizer: BPE) -> list[str | None]:
        """What each id adds to a text: None where it is a mark or the end, "" where it is a part of a letter."""
        texts = [tokenizer.decode([i], strip=False) for i in range(tokenizer.size)]
        return [None if i in self._slots.marks else "" if "\ufffd" in text else text for i, text in enumerate(texts)]

    def _join(self, ids: Sequence[int]) -> str:
        """A caption cut inside a letter's bytes leaves U+FFFD."""
        return self.tokenizer.decode(ids, strip=False).replace("\ufffd", "")


def _said(pieces: Sequence[slots.Piece], reading: Reading | None) -> list[slots.Piece]:
    """The pieces without the lines that are no text of the picture: watermarks, the buttons and counters of a tweet."""
    told = {id(line) for line in text_of(reading)} if reading else set()
    lines = reading.lines if reading else ()
    return [piece for piece in pieces if not isinstance(piece, int) or piece < 0 or id(lines[piece]) in told]
