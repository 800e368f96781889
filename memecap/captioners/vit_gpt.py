"""ViT + GPT: an encoder-decoder in which each block of a GPT attends to the states of a vision transformer.

In: image tokens [B N D], captions as BPE tokens. Out: the loss over caption and end; captions. The decoder reads
[start][prompt with the reading][caption][end]. Without a picture the cross-attention is passed over.
Source: transformers' VisionEncoderDecoderModel, whose captions it gives token for token; the prompt is ours.

B examples, N image tokens of width D, L positions, W the decoder's width, V ids.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor, nn
from transformers import DynamicCache, EncoderDecoderCache

from memecap.captioners.base import Readings
from memecap.captioners.kinds.gpt import Found, GPTCaptioner, Prompts, Shown
from memecap.core.config import EncoderConfig
from memecap.decoding.base import Search
from memecap.decoding.engines.transformers_generate import generate
from memecap.encoders.base import ImageEncoder, build_of_vectors
from memecap.encoders.vit import ViT
from memecap.errors import UsageError
from memecap.modeling import cross_attention, language_model, prefix
from memecap.modeling.batch import Batch, Example, ImageInput, Images
from memecap.modeling.outputs import Loss
from memecap.modeling.prefix import Read
from memecap.quoting.prompts import PromptConfig, longest, prompt_ids
from memecap.reading.base import Reading
from memecap.text.bpe import BPE


class ViTGPT(GPTCaptioner):
    """Any image encoder and any GPT-2 of transformers, joined by cross-attention."""

    class Config(PromptConfig):
        name: str = "vit_gpt"
        encoder: EncoderConfig = Field(
            default_factory=lambda: ViT.Config(output="all"), description="the image encoder; a ViT's output: all"
        )
        train_encoder: bool = Field(False, description="whether the encoder is fine-tuned too (encoder_lr is its rate)")
        max_caption_tokens: int = Field(128, ge=2, description="a caption to learn is cut there, its end included")
        decoder: cross_attention.Pretrained | language_model.New = Field(
            default_factory=lambda: cross_attention.Pretrained(), description="the language model, pretrained or new"
        )

    config: Config
    encoder: ImageEncoder

    def __init__(self, config: Config, decoder: Any, tokenizer: BPE) -> None:
        super().__init__(config, tokenizer)
        self.encoder = build_of_vectors(config.encoder)
        self.encoder.requires_grad_(config.train_encoder)
        self.decoder = decoder
        if isinstance(config.decoder, cross_attention.Pretrained) and config.decoder.train == "cross":
            cross_attention.freeze_all_but_cross_attention(decoder)
        width = self.embed.embedding_dim
        self.bridge = nn.Identity() if self.encoder.width == width else nn.Linear(self.encoder.width, width)
        self._check_length(1 + longest(config, tokenizer))

    @classmethod
    def from_texts(cls, config: Config, texts: Iterable[str]) -> ViTGPT:
        language: Any = config.decoder
        if isinstance(language, cross_attention.Pretrained):
            language = language_model.Pretrained(model=language.model, train="full")
        model, tokenizer = language_model.from_texts(language, texts)
        return cls(config, cross_attention.widen(model), tokenizer)

    @classmethod
    def from_folder(cls, config: Config, folder: Path) -> ViTGPT:
        return cls(config, language_model.from_structure(folder), BPE.from_folder(folder))

    def save_structure(self, folder: Path) -> None:
        super().save_structure(folder)
        language_model.save_structure(self.decoder, folder)

    def to_transformers(self) -> Any:
        """A `VisionEncoderDecoderModel` that shares these weights. Raises `UsageError` where the encoder is no ViT."""
        if not isinstance(self.encoder, ViT) or self.encoder.config.output != "all":
            raise UsageError(
                "transformers' model takes all the states of a ViT", fix="Train with encoder: {name: vit, output: all}."
            )
        return cross_attention.vision_encoder_decoder(
            self.encoder.network.model, self.bridge, self.decoder, start_id=self.tokenizer.end_id
        )

    def example(self, caption: str, *, image: ImageInput | None = None, reading: Reading | None = None) -> Example:
        return Example(self._caption_ids(caption), image=image, prompt_ids=self._prompt(reading))

    def forward(self, batch: Batch) -> Loss:
        return self._read(batch, self._look(batch.images)).loss(batch)

    def _show(self, images: Images | None, readings: Readings) -> tuple[Shown, Prompts]:
        return self._look(images), [self._prompt(reading) for reading in readings]

    def _decode(self, shown: Shown, prompts: Prompts, readings: Readings, search: Search) -> Found:
        attended: dict[str, Any] = {}
        if shown is not None:  # the cache of both kinds of attention; a decoder alone would make that of one
            caches = [DynamicCache(config=self.decoder.config) for _ in range(2)]
            attended = {"encoder_hidden_states": shown, "past_key_values": EncoderDecoderCache(*caches)}
        before = prefix.before_writing(self.embed, None, prompts)
        return generate(self.decoder, *before, search, end_id=self.end_ids, **attended)

    def _read(self, batch: Batch, shown: Shown) -> Read:
        ids = torch.cat([batch.prompt_ids, batch.token_ids], dim=1)
        mask = torch.cat([batch.prompt_mask, batch.token_mask], dim=1)
        is_caption = torch.cat([torch.zeros_like(batch.prompt_mask), batch.token_mask], dim=1)
        order = (~mask).int().argsort(dim=1, stable=True)  # no gap between prompt and caption, padding to the right
        ids, mask, wanted = ids.gather(1, order), mask.gather(1, order), is_caption.gather(1, order)[:, 1:]
        states = self.decoder.base_model(
            input_ids=ids, attention_mask=mask.long(), encoder_hidden_states=shown, use_cache=False
        ).last_hidden_state
        logits = self.decoder.get_output_embeddings()(states[:, :-1][wanted]).float()
        return Read(logits, ids[:, 1:][wanted], wanted.nonzero()[:, 0])

    def _look(self, images: Images | None) -> Float[Tensor, "B N W"] | None:
        if images is None:
            return None
        seen: Tensor = self.bridge(self.image_tokens(images))
        return seen.contiguous()  # GPT-2's layers refuse a view, such as a grid without its class token

    def _prompt(self, reading: Reading | None) -> list[int]:
        """The start token, as transformers' model has it, and the reading."""
        return [self.tokenizer.end_id, *prompt_ids(self.config, self.tokenizer, reading)]
