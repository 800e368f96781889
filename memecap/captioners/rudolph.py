"""RuDOLPH: one transformer reads left text, the codes of the picture, and writes the right text: the caption.

In: codes of a VQGAN; with `reading: true` the lines that were read stand in the left text, as far as they fit, and with
`remembered: true` what memory knows of the picture after them. Out: the loss of the caption (in training that of the
left text and of the codes too), captions. The files are the original's, version 1 or 2; so is the frame of a sequence.
Source: ai-forever/ru-dolph rudolph/model/model.py, rudolph/api.py.

B examples, L left places, N codes, S ids that begin the right text, T caption tokens, W width, V text ids, C captions.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path

import torch
from jaxtyping import Float, Int
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from memecap.captioners.base import Readings, TrainableCaptioner
from memecap.core import config as configuration
from memecap.core import hub
from memecap.core.config import EncoderConfig, Frozen, PartConfig
from memecap.decoding.base import Search
from memecap.decoding.engines.candidates import in_order
from memecap.decoding.engines.token_by_token import State
from memecap.encoders.base import ImageEncoder
from memecap.errors import ConfigError
from memecap.modeling import rudolph_format
from memecap.modeling.batch import Batch, Example, ImageInput, Images, pad
from memecap.modeling.eval_mode import evaluating
from memecap.modeling.loss import token_loss
from memecap.modeling.outputs import Caption, Loss, cut
from memecap.modeling.rudolph import KeysValues, Part, Rudolph, Shape, freeze
from memecap.quoting import matching
from memecap.quoting.quote import Quote
from memecap.reading.base import Reading
from memecap.text.yttm import YttmTokenizer


class Decoder(Frozen):
    """The network and its tokenizer."""

    model: str = Field("sberbank-ai/RuDOLPH-350M", description="a folder or a Hub id of the weights")
    file: str = Field(rudolph_format.WEIGHTS, description="the weights in it")
    tokenizer: str | None = Field(None, description="a folder or a Hub id of bpe.model; null: the same as the model")
    n_heads: int = Field(16, ge=1, description="of attention; 16 in every published model")
    kernel: int = Field(7, ge=1, description="side of the window that a fourth of the layers read of the picture")
    last_kernel: int = Field(9, ge=1, description="the same of the last layer")
    dropout: float = Field(0.1, ge=0, lt=1, description="share of values dropped in training")
    freeze: list[Part] = Field([], description="parts of the network that are not learnt")


class LossWeights(Frozen):
    """What training minimises is the mean of three losses under these weights."""

    left: float = Field(0.01, ge=0, description="of the left text")
    image: float = Field(1.0, ge=0, description="of the picture's codes")
    right: float = Field(7.0, gt=0, description="of the caption")


class RuDOLPH(TrainableCaptioner):
    """A captioner around a `Rudolph`."""

    class Config(PartConfig):
        name: str = "rudolph"
        encoder: EncoderConfig = Field(description="the VQGAN whose codes it has learnt")
        decoder: Decoder = Field(default_factory=lambda: Decoder(), description="the network and its tokenizer")
        loss_weights: LossWeights = Field(LossWeights(), description="in training; validation looks at captions alone")
        reading: bool = Field(False, description="whether the left text is what was read on the picture")
        remembered: bool = Field(
            False, description="whether captions of pictures that memory knows stand there too, after what was read"
        )

    config: Config
    encoder: ImageEncoder

    def __init__(self, config: Config, decoder: Rudolph, tokenizer: YttmTokenizer) -> None:
        super().__init__()
        self.config, self._tokenizer = config, tokenizer
        self.encoder = configuration.build("encoders", config.encoder).requires_grad_(False)
        self.decoder = decoder
        _check(decoder.shape, self.encoder, tokenizer)
        freeze(decoder, config.decoder.freeze)
        has_special = decoder.shape.n_text - decoder.shape.left > tokenizer.size
        special = [tokenizer.size + rudolph_format.LEFT_TO_CAPTION] if has_special else []
        self._left_start = [tokenizer.start_id, *special]
        special = [tokenizer.size + rudolph_format.RIGHT_CAPTION] if has_special else []
        self._right_start = [tokenizer.start_id, *special]

    @classmethod
    def from_texts(cls, config: Config, texts: Iterable[str]) -> RuDOLPH:
        """The pretrained network; nothing is learnt from the texts."""
        part = config.decoder
        weights = hub.fetch(part.model, (part.file,)) / part.file
        folder = hub.fetch(part.tokenizer or part.model, (rudolph_format.TOKENIZER,))
        sizes = part.model_dump(include={"n_heads", "kernel", "last_kernel", "dropout"})
        return cls(config, rudolph_format.read(weights, **sizes), YttmTokenizer.from_folder(folder))

    @classmethod
    def from_folder(cls, config: Config, folder: Path) -> RuDOLPH:
        decoder = rudolph_format.from_structure(folder, dropout=config.decoder.dropout)
        return cls(config, decoder, YttmTokenizer.from_folder(folder))

    @property
    def tokenizer(self) -> YttmTokenizer:
        return self._tokenizer

    def save_structure(self, folder: Path) -> None:
        super().save_structure(folder)
        rudolph_format.save_structure(self.decoder, folder)

    def example(self, caption: str, *, image: ImageInput | None = None, reading: Reading | None = None) -> Example:
        """Lower case; a caption that is cut has no end. (The original gives one to those too.)"""
        ids, room = [*self.tokenizer.encode(caption), self.tokenizer.end_id], self._room
        return Example(ids[:room], image=image, prompt_ids=self._left(reading))

    def forward(self, batch: Batch) -> Loss:
        """In evaluation the caption's loss alone; captions with weights (SCST) are scored so in training too."""
        left = self._padded(batch.prompt_ids, batch.prompt_mask)
        codes = self._codes(batch.images)
        start = batch.token_ids.new_tensor(self._right_start).expand(len(batch), -1)
        right = self.decoder.right(torch.cat([start, batch.token_ids[:, :-1]], dim=1))
        states, _ = self.decoder(torch.cat([self.decoder.before(left, codes), right], 1), pictured=codes is not None)
        writing = states[:, states.shape[1] - batch.token_ids.shape[1] :][batch.token_mask]
        examples = batch.token_mask.nonzero()[:, 0]
        logits = self.decoder.text_logits(writing)
        caption = token_loss(batch, logits, batch.token_ids[batch.token_mask], examples)
        if not self.training or batch.weights is not None:
            return caption
        weights = self.config.loss_weights
        before = weights.left * self._left_loss(states, left, codes)
        if codes is not None and weights.image:
            before = before + weights.image * self._image_loss(states, codes)
        # each example's means count as often as its caption has tokens, so that batches add up however they are cut
        others = (before * batch.token_mask.sum(dim=1)).sum()
        total = weights.left + weights.right + (weights.image if codes is not None else 0.0)
        return Loss((weights.right * caption.total + others) / total, caption.n_tokens)

    def generate(self, images: Images | None, readings: Readings, search: Search) -> list[list[Caption]]:
        with evaluating(self):
            ids, mask = (part.to(self.device) for part in pad([self._left(reading) for reading in readings]))
            codes = self._codes(images)
            start = torch.tensor([self._right_start], device=self.device).expand(len(readings), -1)
            told = [self.decoder.before(self._padded(ids, mask), codes), self.decoder.right(start)]
            states, before = self.decoder(torch.cat(told, dim=1), pictured=codes is not None)
            end_id = self.tokenizer.end_id
            found, scores = _limited(search, self._room).decode(
                self.decoder.text_logits(states[:, -1]),
                (self.decoder.nothing_written(len(readings)),),
                partial(self._step, before),
                end_id=end_id,
                rules=[self._only_pieces],
            )
            return in_order([cut(row, end_id) for row in found], scores.tolist(), readings, self._write)

    @property
    def _room(self) -> int:
        """The longest caption, in tokens, its end included."""
        return self.decoder.shape.right - len(self._right_start)

    def _step(self, before: Sequence[KeysValues], ids: Int[Tensor, " C"], state: State) -> tuple[Tensor, State]:
        (written,) = state
        place = len(self._right_start) + written.shape[4]
        states, written = self.decoder.step(self.decoder.right(ids[:, None], place), before, written)
        return self.decoder.text_logits(states), (written,)

    def _only_pieces(self, ids: Tensor, scores: Float[Tensor, "C V"]) -> Float[Tensor, "C V"]:
        """A special token ends a caption as in the original; the ids that pad the left text are never said."""
        n_pieces, end = self.tokenizer.size, self.tokenizer.end_id
        n_said = self.decoder.shape.n_text - self.decoder.shape.left
        ends = torch.cat([scores[:, end, None], scores[:, n_pieces:n_said]], dim=1).amax(dim=1)
        scores = scores.clone()
        scores[:, end] = ends
        scores[:, n_pieces:] = -torch.inf
        return scores

    def _left(self, reading: Reading | None) -> list[int]:
        """Ids of the left text: nothing without a reading (version 1), else what was read, what is remembered."""
        end, room = self.tokenizer.end_id, self.decoder.shape.left
        texts = [reading.text] if reading and self.config.reading else []
        if reading and self.config.remembered:
            texts += [known.captions[0] for known in reading.recollections if known.captions]
        ids = list(self._left_start)
        for text in texts:
            if text.strip() and len(ids) + 2 <= room:
                ids += [*self.tokenizer.encode(text)[: room - len(ids) - 1], end]
        if len(ids) > len(self._left_start):
            return ids
        return [*ids, end] if len(ids) > 1 else []

    def _padded(self, ids: Int[Tensor, "B R"], mask: Tensor) -> Int[Tensor, "B L"]:
        """The whole left text; each place without a token has an id of its own."""
        given = ids.masked_fill(~mask, 0)
        return self.decoder.padded(functional.pad(given, (0, self.decoder.shape.left - given.shape[1])))

    def _codes(self, images: Images | None) -> Int[Tensor, "B N"] | None:
        return None if images is None else self.image_tokens(images)[..., 0].long()

    def _left_loss(self, states: Tensor, left: Tensor, codes: Tensor | None) -> Float[Tensor, " B"]:
        """The mean of each example; its padding is learnt too, and after it the first code as if it were text."""
        targets = left[:, 1:] if codes is None else torch.cat([left[:, 1:], codes[:, :1]], dim=1)
        return _mean_loss(self.decoder.text_logits(states[:, : targets.shape[1]]), targets)

    def _image_loss(self, states: Tensor, codes: Int[Tensor, "B N"]) -> Float[Tensor, " B"]:
        """The mean of each example, over all codes but the first."""
        n_left, n_image = self.decoder.shape.left, codes.shape[1]
        return _mean_loss(self.decoder.code_logits(states[:, n_left : n_left + n_image - 1]), codes[:, 1:])

    def _write(self, ids: Sequence[int], reading: Reading | None) -> tuple[str, tuple[Quote, ...]]:
        text = self.tokenizer.decode(ids)
        return text, matching.find(text, reading)


def _mean_loss(logits: Float[Tensor, "B n V"], targets: Int[Tensor, "B n"]) -> Float[Tensor, " B"]:
    losses = functional.cross_entropy(logits.float().transpose(1, 2), targets, reduction="none")
    return losses.mean(dim=1)


def _limited(search: Search, room: int) -> Search:
    """The search that stops where the right text is full."""
    longest = min(search.max_new_tokens, room)
    shortest = min(search.min_new_tokens, longest)
    return search.model_copy(update={"max_new_tokens": longest, "min_new_tokens": shortest})


def _check(shape: Shape, encoder: ImageEncoder, tokenizer: YttmTokenizer) -> None:
    """Raises `ConfigError` where the three do not belong together."""
    fix = "Take the VQGAN and the tokenizer that the network was trained with."
    if encoder.n_codes is None or encoder.n_codes > shape.n_codes:
        has = f"{encoder.n_codes} codes" if encoder.n_codes else "vectors"
        what = f"the network knows {shape.n_codes} codes, the encoder gives {has}"
        raise ConfigError(what, where="captioner.encoder", fix=fix)
    if encoder.n_tokens != shape.n_image:
        what = f"the network sees {shape.n_image} cells of a picture, the encoder gives {encoder.n_tokens}"
        raise ConfigError(what, where="captioner.encoder.side", fix=fix)
    if tokenizer.size > shape.n_text - shape.left:
        what = f"the tokenizer has {tokenizer.size} ids, the network knows {shape.n_text - shape.left}"
        raise ConfigError(what, where="captioner.decoder.tokenizer", fix=fix)
