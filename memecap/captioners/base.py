"""Captioner: what describes, by one method, `generate(images, readings, search) -> candidates`.

A `TrainableCaptioner` learns too: `example` and `forward(batch) -> Loss`, and what a checkpoint needs of it.

B examples, T caption tokens, N image tokens of width D.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Real
from PIL import Image
from torch import Tensor, nn

from memecap.core import registry
from memecap.core.config import PartConfig
from memecap.decoding.base import Search
from memecap.decoding.greedy import Greedy
from memecap.encoders.base import ImageEncoder
from memecap.memory.entry import Entry
from memecap.modeling.batch import Batch, Example, ImageInput, Images, stack
from memecap.modeling.eval_mode import keep_eval
from memecap.modeling.outputs import Caption, Loss
from memecap.quoting import alt, template
from memecap.reading.base import Reading
from memecap.text.base import Tokenizer

Readings = Sequence[Reading | None]  # of each picture, None where nobody read it


class Captioner(nn.Module, ABC):
    """Describes pictures, from what it sees of them, from what was read on them, or from both."""

    Config: type[PartConfig] = PartConfig

    config: PartConfig
    encoder: ImageEncoder | None  # None: no network of ours looks at the picture

    def __init__(self) -> None:
        super().__init__()
        self.encoder = None

    @abstractmethod
    def generate(self, images: Images | None, readings: Readings, search: Search) -> list[list[Caption]]:
        """Candidates for each picture, best first; `images` is None when the captioner sees none."""

    def know(self, entries: Iterable[Entry]) -> None:
        """Everything that a memory holds, for a captioner that needs more than a reading's recollections."""

    def alt(self, caption: Caption, reading: Reading | None) -> Caption:
        """A caption of this captioner as alt text: what a screen reader reads out (`quoting/alt.py`)."""
        is_template = caption.text == template.describe(reading)[0]
        text, quotes = alt.describe(reading) if is_template else alt.retell(caption.text, reading)
        return replace(caption, text=text, quotes=quotes)

    def default_search(self) -> Search:
        """How captions are chosen where the caller does not say."""
        return Greedy()

    @property
    def sees(self) -> bool:
        """Whether it looks at pictures: by its encoder, or in a way of its own."""
        kind = type(self)
        return self.encoder is not None or kind.look is not Captioner.look or kind.look_at is not Captioner.look_at

    def look(self, picture: Image.Image) -> ImageInput | None:
        """What a picture becomes for this captioner; None where it sees none."""
        return None if self.encoder is None else self.encoder.transform(picture)

    def look_at(self, pictures: Sequence[Image.Image]) -> Images | None:
        """The pictures of a batch as `generate` takes them."""
        return stack([self.look(picture) for picture in pictures])


class TrainableCaptioner(Captioner):
    """A captioner that learns. It carries its tokenizer."""

    @classmethod
    @abstractmethod
    def from_texts(cls, config: Any, texts: Iterable[str]) -> TrainableCaptioner:
        """A new captioner for training; a vocabulary that is not part of a pretrained model is learnt from `texts`."""

    @classmethod
    @abstractmethod
    def from_folder(cls, config: Any, folder: Path) -> TrainableCaptioner:
        """The captioner of a checkpoint folder, its tokenizer loaded, its weights not yet (see checkpoints/)."""

    @property
    @abstractmethod
    def tokenizer(self) -> Tokenizer: ...

    @abstractmethod
    def example(self, caption: str, *, image: ImageInput | None = None, reading: Reading | None = None) -> Example:
        """One training example: `image` is what `look` made of the picture, or its cached features."""

    @property
    def prompts_by_picture(self) -> bool:
        """Does the picture decide what stands in an example's prompt? Then its ids cannot be kept without it."""
        return False

    @abstractmethod
    def forward(self, batch: Batch) -> Loss:
        """The loss of the captions; `modeling.loss.token_loss` sums it as the batch wishes."""

    def image_tokens(self, images: Images) -> Real[Tensor, "B N D"]:
        """Cached features as they are, pixels through the encoder."""
        images = images.to(self.device)
        if images.features is not None:
            return images.features
        assert self.encoder is not None
        tokens: Tensor = self.encoder(images.tensor)
        return tokens

    @property
    def device(self) -> torch.device:
        return next(self.parameters()).device

    def train(self, mode: bool = True) -> TrainableCaptioner:
        """A frozen encoder stays in evaluation mode: no dropout, no moving statistics."""
        super().train(mode)
        if self.encoder is not None:
            keep_eval(self.encoder)
        return self

    def references(self) -> dict[str, nn.Module]:
        """Frozen pretrained modules by attribute name, that a checkpoint names and does not hold: the encoder."""
        encoder, tuned = self._pretrained_encoder(), getattr(self.config, "train_encoder", False)
        return {} if encoder is None or tuned else {"encoder": encoder}

    def save_structure(self, folder: Path) -> None:
        """Write what `from_folder` needs beside the weights: the tokenizer, shapes."""
        self.tokenizer.save(folder)

    def save_references(self, folder: Path) -> dict[str, Any]:
        """Copy the referenced models into `<folder>/<name>`; returns changes of the config: {name: {"model": …}}.

        A tuned encoder too: its weights are the checkpoint's own, its shape and its transform are not.
        """
        encoder = self._pretrained_encoder()
        if encoder is None:
            return {}
        encoder.save(folder / "encoder")
        return {"encoder": {"model": "./encoder"}}

    def _pretrained_encoder(self) -> ImageEncoder | None:
        """The encoder that the settings name; one that a captioner made itself is no reference."""
        return self.encoder if getattr(self.config, "encoder", None) is not None else None


def create(config: PartConfig, texts: Iterable[str] = ()) -> Captioner:
    """A new captioner of the class that `config` belongs to; one that learns takes its vocabulary from `texts`."""
    part: Any = registry.load("captioners", config.name)
    captioner: Captioner = part.from_texts(config, texts) if issubclass(part, TrainableCaptioner) else part(config)
    return captioner
