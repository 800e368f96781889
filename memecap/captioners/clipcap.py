"""ClipCap that reads: image features → mapper → prefix, then the text on the picture as a prompt, then a GPT writes.

A sequence is [prefix K][similar captions][reading][caption][end]. The loss covers caption and end. Without a picture
the prefix is one end token, or the caption's own vector with noise, so the language side can learn from text alone.
Source: Mokady et al., arXiv 2111.09734; similar captions after SmallCap, arXiv 2209.15323; captions as prefixes after
CapDec, arXiv 2211.00575; the reading as a prompt is ours.

B examples, N image tokens of width D, K prefix vectors, W the decoder's width.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, Literal

import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from memecap.captioners.base import TrainableCaptioner
from memecap.core import config as configuration
from memecap.core.config import EncoderConfig
from memecap.decoding.base import Search
from memecap.decoding.run import candidates as _candidates
from memecap.decoding.run import transformers_generate
from memecap.encoders.base import ImageEncoder
from memecap.errors import ConfigError
from memecap.modeling import decoder_input as _sequence
from memecap.modeling import language_model as _language
from memecap.modeling import mappers as _mappers
from memecap.modeling import retrieval as _retrieval
from memecap.modeling import text_prefix as _text_prefix
from memecap.modeling.batch import Batch, Example, ImageInput, Images, pad, stack
from memecap.modeling.copying import CopyHead, Prompt
from memecap.modeling.loss import token_loss
from memecap.modeling.mode import evaluating
from memecap.modeling.outputs import Caption, Loss
from memecap.quoting import matching
from memecap.quoting import prompts as _prompt
from memecap.reading.base import Reading
from memecap.text.bpe import BPE


class ClipCap(TrainableCaptioner):
    """A prefix captioner over any image encoder and any causal language model of transformers."""

    class Config(_prompt.PromptConfig):
        name: str = "clipcap"
        encoder: EncoderConfig | None = Field(None, description="the image encoder, frozen; none: it only reads")
        normalize: bool = Field(False, description="bring image vectors to length one before the mapper")
        mapper: Literal["mlp", "transformer", "linear"] = Field("mlp", description="from image tokens to the prefix")
        prefix_length: int = Field(10, ge=1, description="prefix vectors; `linear` makes one for each image token")
        mapper_layers: int = Field(8, ge=1, description="of the transformer mapper")
        mapper_heads: int = Field(8, ge=1, description="of the transformer mapper")
        unfold: int | None = Field(
            None, ge=1, description="tokens that the transformer mapper makes of one vector; null: prefix_length"
        )
        retrieval: _retrieval.Retrieval | None = Field(None, description="show captions of similar training pictures")
        text_noise: float | None = Field(
            None,
            ge=0,
            description="where no picture is shown, the caption's own vector is, with noise of this variance (CapDec: "
            "0.016), and all vectors have length one; null: the prefix is one end token",
        )
        max_caption_tokens: int = Field(128, ge=2, description="a caption to learn is cut there, its end included")
        stop: str | None = Field(None, description="a token, or a text of one, that ends a caption too; ClipCap: '.'")
        copy_head: bool = Field(False, description="a pointer to the prompt's tokens: small decoders learn to quote")
        decoder: _language.Pretrained | _language.New = Field(default_factory=lambda: _language.New())

    config: Config

    def __init__(self, config: Config, decoder: Any, tokenizer: BPE) -> None:
        super().__init__()
        self.config = config
        self._tokenizer = tokenizer
        self.encoder: ImageEncoder | None = None
        self.mapper: nn.Module | None = None
        self.decoder = decoder
        if config.encoder is not None:
            self.encoder = configuration.build("encoders", config.encoder).requires_grad_(False)
            self.mapper = _mapper(config, self.encoder, self.embed.embedding_dim)
        self.similar: _retrieval.Store | None = None
        self.text_prefix = None
        if config.text_noise is not None:
            self.text_prefix = _text_prefix.TextPrefix(self.encoder, noise=config.text_noise)
        self._end_ids = _end_ids(config, tokenizer)
        longest = self._check_length()
        wants_copying = config.copy_head and (config.reading or config.retrieval is not None)
        self.copy_head = CopyHead(width=self.embed.embedding_dim, max_length=longest) if wants_copying else None

    @classmethod
    def from_texts(cls, config: Config, texts: Iterable[str]) -> ClipCap:
        captioner = cls(config, *_language.from_texts(config.decoder, texts))
        if config.retrieval is not None:
            captioner.similar = _retrieval.build(config.retrieval, _seeing(captioner.encoder))
        return captioner

    @classmethod
    def from_folder(cls, config: Config, folder: Path) -> ClipCap:
        captioner = cls(config, *_language.from_folder(config.decoder, folder))
        if config.retrieval is not None:
            captioner.similar = _retrieval.Store.from_folder(folder)
        return captioner

    @property
    def tokenizer(self) -> BPE:
        return self._tokenizer

    @property
    def embed(self) -> nn.Embedding:
        layer: nn.Embedding = self.decoder.get_input_embeddings()
        return layer

    def references(self) -> dict[str, nn.Module]:
        named: dict[str, nn.Module] = {} if self.encoder is None else {"encoder": self.encoder}
        return named | ({"decoder": self.decoder} if _language.is_referenced(self.config.decoder) else {})

    def save_structure(self, folder: Path) -> None:
        super().save_structure(folder)
        _language.save_structure(self.decoder, folder)
        if self.similar is not None:
            self.similar.save(folder)

    def save_references(self, folder: Path) -> dict[str, Any]:
        changes = {}
        for name, module in self.references().items():
            if isinstance(module, ImageEncoder):
                module.save(folder / name)
            else:
                _language.save_original(self.decoder, folder / name)
                self.tokenizer.save(folder / name)
            changes[name] = {"model": f"./{name}"}
        return changes

    def train(self, mode: bool = True) -> ClipCap:
        """Modules of which nothing is learnt stay in evaluation mode: no dropout, no moving statistics."""
        super().train(mode)
        for module in self.references().values():
            if not any(parameter.requires_grad for parameter in module.parameters()):
                module.eval()
        return self

    def example(self, caption: str, *, image: ImageInput | None = None, reading: Reading | None = None) -> Example:
        ids = [*self.tokenizer.encode(caption), self.tokenizer.end_id][: self.config.max_caption_tokens]
        similar: Sequence[str] = ()
        if self.similar is not None and self.config.retrieval is not None and (seen := stack([image])):
            tokens = self._tokens(seen)
            similar = self.similar.similar_to_learn(tokens[0], caption, self.config.retrieval.n_captions)
        text = None
        if self.text_prefix is not None:  # of a caption that was cut, what is left
            text = caption if ids[-1] == self.tokenizer.end_id else self.tokenizer.decode(ids)
        return Example(ids, image=image, prompt_ids=self._prompt(reading, similar), text=text)

    @property
    def prompts_by_picture(self) -> bool:
        return self.similar is not None

    def forward(self, batch: Batch) -> Loss:
        if (
            batch.images is None
            and batch.texts is not None
            and self.text_prefix is not None
            and self.mapper is not None
        ):
            start = self.mapper(self.text_prefix(batch.texts, learning=self.training).to(self._device))
        else:
            start = self._start(batch.images, len(batch))
        read = _sequence.read(self.decoder, start, batch, self.copy_head)
        return token_loss(batch, read.logits, read.targets, read.examples, said=read.copied)

    def generate(
        self,
        images: Images | None,
        readings: Sequence[Reading | None],
        search: Search,
    ) -> list[list[Caption]]:
        with evaluating(self):
            if images is not None and self.encoder is not None:
                images = Images(features=self._tokens(images))
            start, prompts = self._start(images, len(readings)), self._prompts(images, readings)
            ids, log_probabilities = self._decode(start, prompts, search)

            def score(rows: Sequence[Sequence[int]], n_each: int) -> list[float]:
                each = [prompt for prompt in prompts for _ in range(n_each)]
                batch = Batch(None, *pad(rows), *pad(each)).to(self._device)
                return _sequence.score(self.decoder, start.repeat_interleave(n_each, dim=0), batch, self.copy_head)

            def write(picture: int, row: list[int], scored: float, finished: bool) -> Caption:
                text = self.tokenizer.decode(row)
                quotes = matching.find(text, readings[picture])
                return Caption(text, quotes, scored, finished, token_ids=tuple(row))

            return _candidates.collect(
                ids, log_probabilities, len(readings), end_ids=self._end_ids, score=score, write=write
            )

    def _decode(
        self, start: Float[Tensor, "B K W"], prompts: Sequence[Sequence[int]], search: Search
    ) -> tuple[Tensor, Tensor | None]:
        prompt_ids, prompt_mask = (tensor.to(self._device) for tensor in pad(prompts))
        embeds, mask = _sequence.before_writing(self.embed, start, prompt_ids, prompt_mask)
        copying: AbstractContextManager[None] = nullcontext()
        if self.copy_head is not None:
            prompt = Prompt(prompt_ids, prompt_mask, self.embed(prompt_ids))
            copying = self.copy_head.copying(self.embed, self.decoder.get_output_embeddings(), prompt)
        with copying:
            return transformers_generate.generate(
                self.decoder,
                embeds,
                mask,
                search,
                end_id=self._end_ids,
                n_positions=_language.n_positions(self.decoder),
            )

    def _start(self, images: Images | None, n: int) -> Float[Tensor, "B K W"]:
        if images is None or self.mapper is None:
            end = torch.tensor([[self.tokenizer.end_id]], device=self._device)
            start: Tensor = self.embed(end).expand(n, -1, -1)
            return start
        tokens = self._tokens(images)
        if self.config.normalize or self.text_prefix is not None:
            tokens = functional.normalize(tokens, dim=-1)
        prefix: Tensor = self.mapper(tokens)
        return prefix

    def _tokens(self, images: Images) -> Float[Tensor, "B N D"]:
        images = images.to(self._device)
        if images.features is not None:
            return images.features
        with torch.no_grad():
            tokens: Tensor = _seeing(self.encoder)(images.tensor)
        return tokens

    def _prompts(self, images: Images | None, readings: Sequence[Reading | None]) -> list[list[int]]:
        similar: Sequence[Sequence[str]] = [()] * len(readings)
        if self.similar is not None and images is not None and self.config.retrieval is not None:
            similar = self.similar.similar(images.tensor, self.config.retrieval.n_captions)
        return [self._prompt(*pair) for pair in zip(readings, similar, strict=True)]

    def _prompt(self, reading: Reading | None, similar: Sequence[str]) -> list[int]:
        ids = _prompt.prompt_ids(self.config, self.tokenizer, reading)
        retrieval = self.config.retrieval
        if retrieval is not None and similar:
            ids = [*_prompt.similar_ids(self.tokenizer, retrieval.prompt, similar, retrieval.max_tokens), *ids]
        return ids

    @property
    def _device(self) -> torch.device:
        return self.embed.weight.device

    def _check_length(self) -> int:
        """The longest prompt in tokens. Raises `ConfigError` when a whole sequence would not fit the decoder."""
        config, prompt = self.config, 0
        if config.reading:
            prompt += _prompt.frame_length(self.tokenizer, config.prompt, "{reading}") + config.max_reading_tokens
        if config.retrieval is not None:
            frame = _prompt.frame_length(self.tokenizer, config.retrieval.prompt, "{captions}")
            prompt += frame + config.retrieval.max_tokens
        prefix = 1 if self.encoder is None else config.prefix_length
        if config.mapper == "linear" and self.encoder is not None:
            prefix = self.encoder.n_tokens
        longest, n_positions = prefix + prompt + config.max_caption_tokens, _language.n_positions(self.decoder)
        if longest > n_positions:
            raise ConfigError(
                f"prefix, prompt and caption may take {longest} tokens, the decoder takes {n_positions}",
                where="captioner",
                fix="Lower max_reading_tokens or max_caption_tokens, or raise the decoder's max_positions.",
            )
        return prompt


def _mapper(config: ClipCap.Config, encoder: ImageEncoder, width: int) -> nn.Module:
    if config.mapper == "linear":
        return _mappers.Linear(width_in=encoder.width, width=width)
    if config.mapper == "mlp":
        return _mappers.MLP(width_in=encoder.width, width=width, length=config.prefix_length)
    unfold = (config.unfold or config.prefix_length) if encoder.n_tokens == 1 else 1
    return _mappers.Transformer(
        width_in=encoder.width,
        width=width,
        length=config.prefix_length,
        unfold=unfold,
        n_layers=config.mapper_layers,
        n_heads=config.mapper_heads,
    )


def _seeing(encoder: ImageEncoder | None) -> ImageEncoder:
    if encoder is None:
        raise ConfigError(
            "similar pictures are looked for by an encoder, and there is none",
            where="captioner.encoder",
            fix="Name an encoder, or leave out retrieval.",
        )
    return encoder


def _end_ids(config: ClipCap.Config, tokenizer: BPE) -> tuple[int, ...]:
    """The end token, and the token of `stop`."""
    if config.stop is None:
        return (tokenizer.end_id,)
    ids = tokenizer.named(config.stop) or tokenizer.encode(config.stop)
    if len(ids) != 1:
        raise ConfigError(
            f"{config.stop!r} is {len(ids)} tokens, not one", where="captioner.stop", fix="Take a text of one token."
        )
    return tokenizer.end_id, ids[0]
