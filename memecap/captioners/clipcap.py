"""ClipCap that reads: image features → mapper → prefix, then the text on the picture as a prompt, then a GPT writes.

A sequence is [prefix K][similar captions][reading][caption][end]. The loss covers caption and end. Without a picture
the prefix is one end token, or the caption's own vector with noise, so the language side can learn from text alone.
Source: Mokady et al., arXiv 2111.09734; similar captions after SmallCap, arXiv 2209.15323; captions as prefixes after
CapDec, arXiv 2211.00575; the reading as a prompt is ours.

B examples, N image tokens of width D, K prefix vectors, W the decoder's width.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Literal

import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from memecap.captioners.base import Readings
from memecap.captioners.kinds.gpt import Found, GPTCaptioner, Prompts, Shown
from memecap.core.config import EncoderConfig
from memecap.decoding.base import Search
from memecap.decoding.engines.transformers_generate import generate
from memecap.encoders.base import ImageEncoder, build_of_vectors
from memecap.errors import ConfigError
from memecap.modeling import language_model, mappers, prefix
from memecap.modeling.batch import Batch, Example, ImageInput, Images, pad, stack
from memecap.modeling.copying import CopyHead, Prompt
from memecap.modeling.lora import original_state
from memecap.modeling.outputs import Loss
from memecap.modeling.retrieval import Retrieval, Store
from memecap.modeling.retrieval import build as collect_similar
from memecap.quoting import prompts as prompting
from memecap.quoting.prompts import PromptConfig
from memecap.reading.base import Reading
from memecap.text.bpe import BPE


class ClipCap(GPTCaptioner):
    """A prefix captioner over any image encoder and any causal language model of transformers."""

    class Config(PromptConfig):
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
        retrieval: Retrieval | None = Field(None, description="show captions of similar training pictures")
        text_noise: float | None = Field(
            None,
            ge=0,
            description="where no picture is shown, the caption's own vector is, with noise of this variance (CapDec: "
            "0.016), and all vectors have length one; null: the prefix is one end token",
        )
        max_caption_tokens: int = Field(128, ge=2, description="a caption to learn is cut there, its end included")
        stop: str | None = Field(None, description="a token, or a text of one, that ends a caption too; ClipCap: '.'")
        copy_head: bool = Field(False, description="a pointer to the prompt's tokens: small decoders learn to quote")
        decoder: language_model.Pretrained | language_model.New = Field(
            default_factory=lambda: language_model.New(), description="the language model, pretrained or new"
        )

    config: Config

    def __init__(self, config: Config, decoder: Any, tokenizer: BPE) -> None:
        super().__init__(config, tokenizer)
        self.mapper: nn.Module | None = None
        self.decoder = decoder
        if config.encoder is not None:
            self.encoder = build_of_vectors(config.encoder).requires_grad_(False)
            self.mapper = _mapper(config, self.encoder, self.embed.embedding_dim)
        self.similar: Store | None = None
        self.text_prefix: prefix.TextPrefix | None = None
        if config.text_noise is not None:
            self.text_prefix = prefix.TextPrefix(self.encoder, noise=config.text_noise)
        self.end_ids = _end_ids(config, tokenizer)
        longest = self._longest_prompt()
        self._check_length(self._longest_prefix() + longest)
        wants_copying = config.copy_head and longest > 0
        self.copy_head = CopyHead(width=self.embed.embedding_dim, max_length=longest) if wants_copying else None

    @classmethod
    def from_texts(cls, config: Config, texts: Iterable[str]) -> ClipCap:
        captioner = cls(config, *language_model.from_texts(config.decoder, texts))
        if config.retrieval is not None:
            if captioner.encoder is None:
                what = "similar pictures are looked for by an encoder, and there is none"
                raise ConfigError(what, where="captioner.encoder", fix="Name an encoder, or leave out retrieval.")
            captioner.similar = collect_similar(config.retrieval, captioner.encoder)
        return captioner

    @classmethod
    def from_folder(cls, config: Config, folder: Path) -> ClipCap:
        captioner = cls(config, *language_model.from_folder(config.decoder, folder))
        if config.retrieval is not None:
            captioner.similar = Store.from_folder(folder)
        return captioner

    def references(self) -> dict[str, nn.Module]:
        decoder = {"decoder": self.decoder} if language_model.is_referenced(self.config.decoder) else {}
        return super().references() | decoder

    def save_structure(self, folder: Path) -> None:
        super().save_structure(folder)
        language_model.save_structure(self.decoder, folder)
        if self.similar is not None:
            self.similar.save(folder)

    def save_references(self, folder: Path) -> dict[str, Any]:
        changes = super().save_references(folder)
        if "decoder" in self.references():
            self.decoder.save_pretrained(folder / "decoder", state_dict=original_state(self.decoder))
            self.tokenizer.save(folder / "decoder")
            changes["decoder"] = {"model": "./decoder"}
        return changes

    def train(self, mode: bool = True) -> ClipCap:
        """A decoder of which nothing is learnt stays in evaluation mode too."""
        super().train(mode)
        if not any(parameter.requires_grad for parameter in self.decoder.parameters()):
            self.decoder.eval()
        return self

    def example(self, caption: str, *, image: ImageInput | None = None, reading: Reading | None = None) -> Example:
        similar: Sequence[str] = ()
        if self.similar is not None and self.config.retrieval is not None and (seen := stack([image])):
            similar = self.similar.similar_to_learn(
                self.image_tokens(seen)[0], caption, self.config.retrieval.n_captions
            )
        ids, text = self._caption_ids(caption), None
        if self.text_prefix is not None:  # of a caption that was cut, what is left
            text = caption if ids[-1] == self.tokenizer.end_id else self.tokenizer.decode(ids)
        return Example(ids, image=image, prompt_ids=self._prompt(reading, similar), text=text)

    @property
    def prompts_by_picture(self) -> bool:
        return self.similar is not None

    def forward(self, batch: Batch) -> Loss:
        if batch.images is None and batch.texts and self.text_prefix is not None and self.mapper is not None:
            start = self.mapper(self.text_prefix(batch.texts, learning=self.training).to(self.device))
        else:
            start = self._start(batch.images, len(batch))
        return self._read(batch, start).loss(batch)

    def _show(self, images: Images | None, readings: Readings) -> tuple[Shown, Prompts]:
        if images is not None and self.encoder is not None:
            images = Images(features=self.image_tokens(images))
        return self._start(images, len(readings)), self._prompts(images, readings)

    def _read(self, batch: Batch, shown: Shown) -> prefix.Read:
        return prefix.read(self.decoder, shown, batch, self.copy_head)

    def _decode(self, shown: Shown, prompts: Prompts, readings: Readings, search: Search) -> Found:
        before = prefix.before_writing(self.embed, shown, prompts)
        if self.copy_head is None:
            return generate(self.decoder, *before, search, end_id=self.end_ids)
        ids, mask = (part.to(self.device) for part in pad(prompts))
        prompt = Prompt(ids, mask, self.embed(ids))
        with self.copy_head.copying(self.embed, self.decoder.get_output_embeddings(), prompt):
            return generate(self.decoder, *before, search, end_id=self.end_ids)

    def _start(self, images: Images | None, n: int) -> Float[Tensor, "B K W"]:
        if images is None or self.mapper is None:
            end = torch.tensor([[self.tokenizer.end_id]], device=self.device)
            start: Tensor = self.embed(end).expand(n, -1, -1)
            return start
        tokens = self.image_tokens(images)
        if self.config.normalize or self.text_prefix is not None:
            tokens = functional.normalize(tokens, dim=-1)
        start = self.mapper(tokens)
        return start

    def _prompts(self, images: Images | None, readings: Readings) -> list[list[int]]:
        similar: Sequence[Sequence[str]] = [()] * len(readings)
        if self.similar is not None and images is not None and self.config.retrieval is not None:
            similar = self.similar.similar(images.tensor, self.config.retrieval.n_captions)
        return [self._prompt(*pair) for pair in zip(readings, similar, strict=True)]

    def _prompt(self, reading: Reading | None, similar: Sequence[str]) -> list[int]:
        ids = prompting.prompt_ids(self.config, self.tokenizer, reading)
        shown = self.config.retrieval
        if shown is not None and similar:
            ids = [*prompting.similar_ids(self.tokenizer, shown.prompt, similar, shown.max_tokens), *ids]
        return ids

    def _longest_prompt(self) -> int:
        """In tokens."""
        config, longest = self.config, prompting.longest(self.config, self.tokenizer)
        if config.retrieval is not None:
            frame = prompting.frame_length(self.tokenizer, config.retrieval.prompt, "{captions}")
            longest += frame + config.retrieval.max_tokens
        return longest

    def _longest_prefix(self) -> int:
        if self.encoder is None:
            return 1
        return self.encoder.n_tokens if self.config.mapper == "linear" else self.config.prefix_length


def _mapper(config: ClipCap.Config, encoder: ImageEncoder, width: int) -> nn.Module:
    if config.mapper == "linear":
        return mappers.Linear(width_in=encoder.width, width=width)
    if config.mapper == "mlp":
        return mappers.MLP(width_in=encoder.width, width=width, length=config.prefix_length)
    unfold = (config.unfold or config.prefix_length) if encoder.n_tokens == 1 else 1
    return mappers.Transformer(
        width_in=encoder.width,
        width=width,
        length=config.prefix_length,
        unfold=unfold,
        n_layers=config.mapper_layers,
        n_heads=config.mapper_heads,
    )


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
