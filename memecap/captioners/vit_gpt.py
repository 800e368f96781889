"""ViT + GPT: an encoder-decoder in which each block of a GPT attends to the states of a vision transformer.

In: image tokens [B N D], captions as BPE tokens. Out: the loss over caption and end; captions. The decoder reads
[start][prompt with the reading][caption][end]. Without a picture the cross-attention is passed over.
Source: transformers' VisionEncoderDecoderModel, whose captions it gives token for token; the prompt is ours.

B examples, N image tokens of width D, L positions, W the decoder's width, V ids.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor, nn
from transformers import DynamicCache, EncoderDecoderCache

from memecap.captioners.base import TrainableCaptioner
from memecap.core import config as configuration
from memecap.core.config import EncoderConfig
from memecap.decoding.base import Search
from memecap.decoding.run import candidates as _candidates
from memecap.decoding.run import transformers_generate
from memecap.encoders.base import ImageEncoder
from memecap.encoders.vit import ViT
from memecap.errors import ConfigError, UsageError
from memecap.modeling import cross_attention as _cross_attention
from memecap.modeling import language_model as _language
from memecap.modeling import recurrent
from memecap.modeling.batch import Batch, Example, ImageInput, Images, pad
from memecap.modeling.loss import token_loss
from memecap.modeling.mode import evaluating
from memecap.modeling.outputs import Caption, Loss
from memecap.quoting import matching
from memecap.quoting import prompts as _prompt
from memecap.reading.base import Reading
from memecap.text.bpe import BPE


class ViTGPT(TrainableCaptioner):
    """Any image encoder and any GPT-2 of transformers, joined by cross-attention."""

    class Config(_prompt.PromptConfig):
        name: str = "vit_gpt"
        encoder: EncoderConfig = Field(
            default_factory=lambda: ViT.Config(output="all"), description="the image encoder; a ViT's output: all"
        )
        train_encoder: bool = Field(False, description="whether the encoder is fine-tuned too (encoder_lr is its rate)")
        max_caption_tokens: int = Field(128, ge=2, description="a caption to learn is cut there, its end included")
        decoder: _cross_attention.Pretrained | _language.New = Field(
            default_factory=lambda: _cross_attention.Pretrained()
        )

    config: Config
    encoder: ImageEncoder

    def __init__(self, config: Config, decoder: Any, tokenizer: BPE) -> None:
        super().__init__()
        self.config = config
        self._tokenizer = tokenizer
        self.encoder = configuration.build("encoders", config.encoder)
        self.encoder.requires_grad_(config.train_encoder)
        self.decoder = decoder
        if isinstance(config.decoder, _cross_attention.Pretrained) and config.decoder.train == "cross":
            _cross_attention.freeze_all_but_cross_attention(decoder)
        width = self.embed.embedding_dim
        self.bridge = nn.Identity() if self.encoder.width == width else nn.Linear(self.encoder.width, width)
        self._check_length()

    @classmethod
    def from_texts(cls, config: Config, texts: Iterable[str]) -> ViTGPT:
        language: _language.Pretrained | _language.New
        if isinstance(config.decoder, _cross_attention.Pretrained):
            language = _language.Pretrained(model=config.decoder.model, train="full")
        else:
            language = config.decoder
        model, tokenizer = _language.from_texts(language, texts)
        return cls(config, _cross_attention.widen(model), tokenizer)

    @classmethod
    def from_folder(cls, config: Config, folder: Path) -> ViTGPT:
        return cls(config, _language.from_structure(folder), BPE.from_folder(folder))

    @property
    def tokenizer(self) -> BPE:
        return self._tokenizer

    @property
    def embed(self) -> nn.Embedding:
        layer: nn.Embedding = self.decoder.get_input_embeddings()
        return layer

    def references(self) -> dict[str, nn.Module]:
        return recurrent.references(self)

    def save_references(self, folder: Path) -> dict[str, Any]:
        return recurrent.save_references(self, folder)

    def save_structure(self, folder: Path) -> None:
        super().save_structure(folder)
        _language.save_structure(self.decoder, folder)

    def train(self, mode: bool = True) -> ViTGPT:
        super().train(mode)
        recurrent.keep_eval(self.encoder, trained=self.config.train_encoder)
        return self

    def to_transformers(self) -> Any:
        """A `VisionEncoderDecoderModel` that shares these weights. Raises `UsageError` where the encoder is no ViT."""
        if not isinstance(self.encoder, ViT) or self.encoder.config.output != "all":
            raise UsageError(
                "transformers' model takes all the states of a ViT", fix="Train with encoder: {name: vit, output: all}."
            )
        return _cross_attention.vision_encoder_decoder(
            self.encoder.network.model, self.bridge, self.decoder, start_id=self.tokenizer.end_id
        )

    def example(self, caption: str, *, image: ImageInput | None = None, reading: Reading | None = None) -> Example:
        ids = [*self.tokenizer.encode(caption), self.tokenizer.end_id][: self.config.max_caption_tokens]
        return Example(ids, image=image, prompt_ids=self._prompt(reading))

    def forward(self, batch: Batch) -> Loss:
        logits, targets, examples = self._teach(batch, self._look(batch.images))
        return token_loss(batch, logits, targets, examples)

    def generate(
        self, images: Images | None, readings: Sequence[Reading | None], search: Search
    ) -> list[list[Caption]]:
        with evaluating(self):
            seen = self._look(images)
            prompts = [self._prompt(reading) for reading in readings]

            def score(rows: Sequence[Sequence[int]], n_each: int) -> list[float]:
                each = [prompt for prompt in prompts for _ in range(n_each)]
                batch = Batch(None, *pad(rows), *pad(each)).to(self._device)
                states = None if seen is None else seen.repeat_interleave(n_each, dim=0)
                logits, targets, _ = self._teach(batch, states)
                said = logits.float().log_softmax(dim=1).gather(1, targets[:, None])[:, 0]
                return [float(part.sum()) for part in torch.split(said, [len(row) for row in rows])]

            def write(picture: int, row: list[int], scored: float, finished: bool) -> Caption:
                text = self.tokenizer.decode(row)
                return Caption(text, matching.find(text, readings[picture]), scored, finished, token_ids=tuple(row))

            ids, log_probabilities = self._decode(seen, prompts, search)
            end_ids = [self.tokenizer.end_id]
            return _candidates.collect(ids, log_probabilities, len(readings), end_ids=end_ids, score=score, write=write)

    def _decode(
        self, seen: Tensor | None, prompts: Sequence[Sequence[int]], search: Search
    ) -> tuple[Tensor, Tensor | None]:
        ids, mask = (part.to(self._device) for part in pad(prompts))
        order = mask.int().argsort(dim=1, stable=True)  # padding to the left
        attended: dict[str, Any] = {}
        if seen is not None:  # the cache of both kinds of attention; a decoder alone would make that of one
            caches = [DynamicCache(config=self.decoder.config) for _ in range(2)]
            attended = {"encoder_hidden_states": seen, "past_key_values": EncoderDecoderCache(*caches)}
        return transformers_generate.generate(
            self.decoder,
            self.embed(ids.gather(1, order)),
            mask.gather(1, order),
            search,
            end_id=self.tokenizer.end_id,
            n_positions=_language.n_positions(self.decoder),
            **attended,
        )

    def _teach(self, batch: Batch, seen: Float[Tensor, "B N W"] | None) -> tuple[Float[Tensor, "n V"], Tensor, Tensor]:
        """Logits of all caption tokens, the tokens, and to which example each belongs."""
        ids = torch.cat([batch.prompt_ids, batch.token_ids], dim=1)
        mask = torch.cat([batch.prompt_mask, batch.token_mask], dim=1)
        is_caption = torch.cat([torch.zeros_like(batch.prompt_mask), batch.token_mask], dim=1)
        order = (~mask).int().argsort(dim=1, stable=True)  # no gap between prompt and caption, padding to the right
        ids, mask, wanted = ids.gather(1, order), mask.gather(1, order), is_caption.gather(1, order)[:, 1:]
        states = self.decoder.base_model(
            input_ids=ids, attention_mask=mask.long(), encoder_hidden_states=seen, use_cache=False
        ).last_hidden_state
        logits = self.decoder.get_output_embeddings()(states[:, :-1][wanted])
        return logits, ids[:, 1:][wanted], wanted.nonzero()[:, 0]

    def _look(self, images: Images | None) -> Float[Tensor, "B N W"] | None:
        if images is None:
            return None
        seen: Tensor = self.bridge(recurrent.tokens(self.encoder, images, self._device))
        return seen.contiguous()  # GPT-2's layers refuse a view, such as a grid without its class token

    def _prompt(self, reading: Reading | None) -> list[int]:
        """The start token, as transformers' model has it, and the reading."""
        return [self.tokenizer.end_id, *_prompt.prompt_ids(self.config, self.tokenizer, reading)]

    @property
    def _device(self) -> torch.device:
        return self.embed.weight.device

    def _check_length(self) -> None:
        longest = len(self._prompt(None)) + self.config.max_caption_tokens
        if self.config.reading:
            longest += self.config.max_reading_tokens
        if longest > _language.n_positions(self.decoder):
            raise ConfigError(
                f"reading and caption may take {longest} tokens, the decoder takes "
                f"{_language.n_positions(self.decoder)}",
                where="captioner",
                fix="Lower max_reading_tokens or max_caption_tokens, or raise the decoder's max_positions.",
            )
