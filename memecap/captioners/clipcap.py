"""ClipCap that reads: image features → mapper → prefix, then the text on the picture as a prompt, then a GPT writes.

A sequence is [prefix K][prompt with the reading][caption][end]. The loss covers caption and end. Without a picture the
prefix is one end token, so the language side can learn from text alone.
Source: Mokady et al., arXiv 2111.09734; the reading as a prompt is ours.

B examples, N image tokens of width D, K prefix vectors, W the decoder's width, L positions, T caption tokens.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, Literal

import torch
from jaxtyping import Bool, Float
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from memecap import config as configuration
from memecap.batching import Batch, Example, Images, pad
from memecap.captioners import _generation, _language, _mappers, _quotes
from memecap.captioners._copying import CopyHead, Prompt
from memecap.captioners.base import Caption, Captioner, Loss
from memecap.config import EncoderConfig, PartConfig
from memecap.decoding import Beam, Greedy, Nucleus
from memecap.encoders.base import ImageEncoder
from memecap.errors import ConfigError
from memecap.reading.base import Reading
from memecap.text.bpe import BPE

_IGNORED = -100


class ClipCap(Captioner):
    """A prefix captioner over any image encoder and any causal language model of transformers."""

    class Config(PartConfig):
        name: str = "clipcap"
        encoder: EncoderConfig | None = Field(None, description="the image encoder, frozen; none: it only reads")
        mapper: Literal["mlp", "transformer", "linear"] = Field("mlp", description="from image tokens to the prefix")
        prefix_length: int = Field(10, ge=1, description="prefix vectors; `linear` makes one for each image token")
        mapper_layers: int = Field(8, ge=1, description="of the transformer mapper")
        mapper_heads: int = Field(8, ge=1, description="of the transformer mapper")
        reading: bool = Field(False, description="whether it sees the text on the picture")
        prompt: str = Field("Текст:\n{reading}\nОписание:\n", description="the words around the reading")
        line_break: str = Field("\n", description="what parts the lines that were read")
        max_reading_tokens: int = Field(128, ge=1, description="the reading is cut there")
        max_caption_tokens: int = Field(128, ge=2, description="a caption to learn is cut there, end token included")
        copy_head: bool = Field(False, description="a pointer to the reading's tokens: small decoders learn to quote")
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
            self.encoder = configuration.build("encoders", config.encoder)
            self.mapper = _mapper(config, self.encoder, self.embed.embedding_dim)
        for module in self._frozen():
            module.requires_grad_(False)
        self._check_length()
        self.copy_head = None
        if config.copy_head and config.reading:
            longest = config.max_reading_tokens + len(self._prompt(None))
            self.copy_head = CopyHead(width=self.embed.embedding_dim, max_length=longest)

    @classmethod
    def from_texts(cls, config: Config, texts: Iterable[str]) -> ClipCap:
        return cls(config, *_language.from_texts(config.decoder, texts))

    @classmethod
    def from_folder(cls, config: Config, folder: Path) -> ClipCap:
        return cls(config, *_language.from_folder(config.decoder, folder))

    @property
    def tokenizer(self) -> BPE:
        return self._tokenizer

    @property
    def embed(self) -> nn.Embedding:
        layer: nn.Embedding = self.decoder.get_input_embeddings()
        return layer

    def references(self) -> dict[str, nn.Module]:
        frozen = {"encoder": self.encoder, "decoder": self.decoder}
        return {name: module for name, module in frozen.items() if module is not None and module in self._frozen()}

    def save_structure(self, folder: Path) -> None:
        super().save_structure(folder)
        _language.save_structure(self.decoder, folder)

    def save_references(self, folder: Path) -> dict[str, Any]:
        changes = {}
        for name, module in self.references().items():
            if isinstance(module, ImageEncoder):
                module.save(folder / name)
            else:
                self.decoder.save_pretrained(folder / name)
                self.tokenizer.save(folder / name)
            changes[name] = {"model": f"./{name}"}
        return changes

    def train(self, mode: bool = True) -> ClipCap:
        """Frozen modules stay in evaluation mode: no dropout, no moving statistics."""
        super().train(mode)
        for module in self._frozen():
            module.eval()
        return self

    def example(self, caption: str, *, image: Tensor | None = None, reading: Reading | None = None) -> Example:
        ids = self.tokenizer.encode(caption)[: self.config.max_caption_tokens - 1]
        return Example(token_ids=[*ids, self.tokenizer.end_id], image=image, reading_ids=self._prompt(reading))

    def forward(self, batch: Batch) -> Loss:
        return Loss(total=-self._log_probabilities(batch).sum(), n_tokens=batch.n_tokens)

    @torch.no_grad()
    def generate(
        self,
        images: Images | None,
        readings: Sequence[Reading | None],
        decoding: Greedy | Beam | Nucleus,
    ) -> list[list[Caption]]:
        training = self.training
        self.eval()
        try:
            ids, log_probabilities = self._decode(images, readings, decoding)
            return self._captions(images, readings, ids, log_probabilities)
        finally:
            self.train(training)

    def _decode(
        self, images: Images | None, readings: Sequence[Reading | None], decoding: Greedy | Beam | Nucleus
    ) -> tuple[Tensor, Tensor | None]:
        prompt_ids, prompt_mask = pad([self._prompt(reading) for reading in readings])
        prompt_ids, prompt_mask = prompt_ids.to(self._device), prompt_mask.to(self._device)
        start = self._start(images, len(readings))
        embeds = torch.cat([start, self.embed(prompt_ids)], dim=1)
        mask = torch.cat([prompt_mask.new_ones(start.shape[:2]), prompt_mask], dim=1)
        order = mask.int().argsort(dim=1, stable=True)  # padding to the left
        with self._copying(prompt_ids, prompt_mask):
            return _generation.generate(
                self.decoder,
                _reorder(embeds, order),
                mask.gather(1, order),
                decoding,
                end_id=self.tokenizer.end_id,
                n_positions=_language.n_positions(self.decoder),
            )

    def _copying(self, prompt_ids: Tensor, prompt_mask: Tensor) -> AbstractContextManager[None]:
        if self.copy_head is None:
            return nullcontext()
        prompt = Prompt(prompt_ids, prompt_mask, self.embed(prompt_ids))
        return self.copy_head.copying(self.embed, self.decoder.get_output_embeddings(), prompt)

    def _captions(
        self,
        images: Images | None,
        readings: Sequence[Reading | None],
        ids: Tensor,
        log_probabilities: Tensor | None,
    ) -> list[list[Caption]]:
        n_candidates = len(ids) // len(readings)
        found: list[list[Caption]] = []
        cuts = [_generation.cut(row, self.tokenizer.end_id) for row in ids]
        if log_probabilities is None:
            scores = self._score(images, readings, [row for row, _ in cuts], n_candidates)
        else:
            scores = [float(p[: len(row)].sum()) for p, (row, _) in zip(log_probabilities, cuts, strict=True)]
        for i, reading in enumerate(readings):
            found.append([])
            for j in range(i * n_candidates, (i + 1) * n_candidates):
                text = self.tokenizer.decode(cuts[j][0])
                found[-1].append(Caption(text, _quotes.find(text, reading), scores[j], cuts[j][1]))
            if log_probabilities is not None:  # samples come in no order; beams come ordered
                found[-1].sort(key=lambda caption: -(caption.log_probability or 0.0))
        return found

    def _score(
        self,
        images: Images | None,
        readings: Sequence[Reading | None],
        rows: Sequence[Sequence[int]],
        n_candidates: int,
    ) -> list[float]:
        """Log-probabilities of whole captions, by reading them through the model once."""
        if images is not None:
            tensor = images.tensor.repeat_interleave(n_candidates, dim=0)
            images = Images(pixels=tensor) if images.pixels is not None else Images(features=tensor)
        prompts = [self._prompt(reading) for reading in readings for _ in range(n_candidates)]
        batch = Batch(images, *pad(rows), *pad(prompts)).to(self._device)
        lengths = [len(row) for row in rows]
        return [float(part.sum()) for part in torch.split(self._log_probabilities(batch), lengths)]

    def _log_probabilities(self, batch: Batch) -> Float[Tensor, " n_tokens"]:
        """Of each caption token, example after example."""
        start = self._start(batch.images, len(batch))
        embeds = torch.cat([start, self.embed(batch.reading_ids), self.embed(batch.token_ids)], dim=1)
        mask = torch.cat([batch.token_mask.new_ones(start.shape[:2]), batch.reading_mask, batch.token_mask], dim=1)
        targets = torch.full_like(mask, _IGNORED, dtype=torch.long)
        targets[:, -batch.token_ids.shape[1] :] = batch.token_ids.masked_fill(~batch.token_mask, _IGNORED)
        order = (~mask).int().argsort(dim=1, stable=True)  # no gap between prompt and caption, padding to the right
        states = self._states(_reorder(embeds, order), mask.gather(1, order))
        targets = targets.gather(1, order)[:, 1:]
        wanted = targets != _IGNORED
        logits = self.decoder.get_output_embeddings()(states[:, :-1][wanted]).float()
        written = -functional.cross_entropy(logits, targets[wanted], reduction="none")
        if self.copy_head is None:
            return written
        prompt = Prompt(batch.reading_ids, batch.reading_mask, self.embed(batch.reading_ids))
        last = _reorder(embeds, order)[:, :-1]
        return self.copy_head.log_probabilities(states[:, :-1], last, written, targets, wanted, prompt)

    def _states(self, embeds: Float[Tensor, "B L W"], mask: Bool[Tensor, "B L"]) -> Float[Tensor, "B L W"]:
        states: Tensor = self.decoder.base_model(
            inputs_embeds=embeds, attention_mask=mask.long(), use_cache=False
        ).last_hidden_state
        return states

    def _start(self, images: Images | None, n: int) -> Float[Tensor, "B K W"]:
        if images is None or self.encoder is None or self.mapper is None:
            end = torch.tensor([[self.tokenizer.end_id]], device=self._device)
            start: Tensor = self.embed(end).expand(n, -1, -1)
            return start
        images = images.to(self._device)
        prefix: Tensor = self.mapper(images.features if images.features is not None else self.encoder(images.tensor))
        return prefix

    def _prompt(self, reading: Reading | None) -> list[int]:
        if not self.config.reading:
            return []
        before, _, after = self.config.prompt.partition("{reading}")
        text = self.config.line_break.join(line.text for line in reading.lines) if reading else ""
        ids = self.tokenizer.encode(text)[: self.config.max_reading_tokens]
        return [*self.tokenizer.encode(before), *ids, *self.tokenizer.encode(after)]

    def _frozen(self) -> list[nn.Module]:
        frozen: list[nn.Module] = [] if self.encoder is None else [self.encoder]
        decoder = self.config.decoder
        if isinstance(decoder, _language.Pretrained) and decoder.train == "frozen":
            frozen.append(self.decoder)
        return frozen

    @property
    def _device(self) -> torch.device:
        return self.embed.weight.device

    def _check_length(self) -> None:
        n_prefix = 1 if self.encoder is None else max(self.config.prefix_length, 1)
        if self.config.mapper == "linear" and self.encoder is not None:
            n_prefix = self.encoder.n_tokens
        longest = n_prefix + self.config.max_caption_tokens
        if self.config.reading:
            longest += len(self._prompt(None)) + self.config.max_reading_tokens
        if longest > _language.n_positions(self.decoder):
            raise ConfigError(
                f"prefix, reading and caption may take {longest} tokens, the decoder takes "
                f"{_language.n_positions(self.decoder)}",
                where="captioner",
                fix="Lower max_reading_tokens or max_caption_tokens, or raise the decoder's max_positions.",
            )


def _mapper(config: ClipCap.Config, encoder: ImageEncoder, width: int) -> nn.Module:
    if config.mapper == "linear":
        return _mappers.Linear(width_in=encoder.width, width=width)
    if config.mapper == "mlp":
        return _mappers.MLP(width_in=encoder.width, width=width, length=config.prefix_length)
    return _mappers.Transformer(
        width_in=encoder.width,
        width=width,
        length=config.prefix_length,
        n_image_tokens=encoder.n_tokens,
        n_layers=config.mapper_layers,
        n_heads=config.mapper_heads,
    )


def _reorder(embeds: Float[Tensor, "B L W"], order: Tensor) -> Float[Tensor, "B L W"]:
    return embeds.gather(1, order[..., None].expand_as(embeds))
