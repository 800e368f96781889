"""A captioner of a few thousand weights: letters, an embedding, a GRU with dropout, and a one-matrix encoder."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor, nn

from memecap.captioners.base import TrainableCaptioner
from memecap.core.config import PartConfig
from memecap.decoding.base import Search
from memecap.encoders.base import ImageEncoder
from memecap.modeling.batch import Batch, Example, Images, pad
from memecap.modeling.loss import token_loss
from memecap.modeling.outputs import Caption, Loss, cut
from memecap.reading.base import Reading


class Letters:
    """ids: 0 the end, then the letters of the texts."""

    end_id = 0

    def __init__(self, letters: str) -> None:
        self.letters = letters

    @property
    def size(self) -> int:
        return len(self.letters) + 1

    def encode(self, text: str) -> list[int]:
        return [self.letters.index(letter) + 1 for letter in text if letter in self.letters]

    def decode(self, ids: Sequence[int]) -> str:
        return "".join(self.letters[i - 1] for i in ids if i > 0)

    def save(self, folder: Path) -> None:
        (folder / "letters.txt").write_text(self.letters, encoding="utf-8")


class _Mean(ImageEncoder):
    """The mean colour of a picture, through a matrix."""

    n_tokens = 1
    width = 8

    def __init__(self) -> None:
        super().__init__()
        self.config = PartConfig(name="mean")
        self.layer = nn.Linear(3, self.width)

    def transform(self, image: Image.Image) -> Tensor:
        pixels = torch.tensor(list(image.resize((4, 4)).tobytes()), dtype=torch.float32)
        return pixels.view(4, 4, 3).permute(2, 0, 1) / 255

    def forward(self, pixels: Tensor) -> Tensor:
        return self.layer(pixels.mean(dim=(2, 3)))[:, None]

    @property
    def fingerprint(self) -> str:
        return "mean"

    def save(self, folder: Path) -> None:
        torch.save(self.state_dict(), folder / "mean.pt")


class Toy(TrainableCaptioner):
    class Config(PartConfig):
        name: str = "toys.captioner"
        width: int = 16
        dropout: float = 0.1
        sees: bool = False
        frozen: bool = False  # the encoder

    def __init__(self, config: Config, tokenizer: Letters) -> None:
        super().__init__()
        self.config = config
        self._tokenizer = tokenizer
        self.encoder = _Mean() if config.sees else None
        if self.encoder is not None and config.frozen:
            self.encoder.requires_grad_(False)
        self.embed = nn.Embedding(tokenizer.size, config.width)
        self.dropout = nn.Dropout(config.dropout)
        self.cell = nn.GRU(config.width, config.width, batch_first=True)
        self.see = nn.Linear(_Mean.width, config.width)
        self.out = nn.Linear(config.width, tokenizer.size)

    @classmethod
    def from_texts(cls, config: Config, texts: Iterable[str]) -> Toy:
        return cls(config, Letters("".join(sorted(set("".join(texts))))))

    @classmethod
    def from_folder(cls, config: Config, folder: Path) -> Toy:
        return cls(config, Letters((folder / "letters.txt").read_text(encoding="utf-8")))

    @property
    def tokenizer(self) -> Letters:
        return self._tokenizer

    def example(self, caption: str, *, image: Tensor | None = None, reading: Reading | None = None) -> Example:
        ids = self.tokenizer.encode(reading.text) if reading else []
        return Example([*self.tokenizer.encode(caption), 0], image, ids)

    def forward(self, batch: Batch) -> Loss:
        state = self._start(batch.images, batch.prompt_ids, batch.prompt_mask)
        shifted = torch.cat([torch.zeros_like(batch.token_ids[:, :1]), batch.token_ids[:, :-1]], dim=1)
        states, _ = self.cell(self.dropout(self.embed(shifted)), state[None])
        logits, there = self.out(states), batch.token_mask
        return token_loss(batch, logits[there], batch.token_ids[there], there.nonzero()[:, 0])

    @torch.no_grad()
    def generate(
        self, images: Images | None, readings: Sequence[Reading | None], search: Search
    ) -> list[list[Caption]]:
        ids, mask = pad([self.tokenizer.encode(reading.text) if reading else [] for reading in readings])
        training = self.training
        self.eval()
        first, state = self._step(torch.zeros(len(readings), dtype=torch.long), (self._start(images, ids, mask),))
        rows, scores = search.decode(first, state, self._step, end_id=0)
        self.train(training)
        captions = []
        for row, score in zip(rows, scores, strict=True):
            found, finished = cut(row, 0)
            text = self.tokenizer.decode(found)
            captions.append(Caption(text, (), float(score), finished, token_ids=tuple(found)))
        n = len(captions) // len(readings)
        return [captions[i * n : (i + 1) * n] for i in range(len(readings))]

    def _step(self, ids: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, tuple[Tensor, ...]]:
        states, after = self.cell(self.embed(ids)[:, None], state[0][None])
        return self.out(states[:, 0]), (after[0],)

    def _start(self, images: Images | None, ids: Tensor, mask: Tensor) -> Tensor:
        read = self.embed(ids) * mask[..., None]
        state = read.sum(1) / mask.sum(1, keepdim=True).clamp(min=1)
        if images is not None and self.encoder is not None:
            seen = images.features if images.features is not None else self.encoder(images.tensor)
            state = state + self.see(seen.mean(1))
        return state
