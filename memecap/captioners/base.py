"""Captioner: what describes, by one method, `generate(images, readings, search) -> candidates`.

A `TrainableCaptioner` learns too: `example` and `forward(batch) -> Loss`, and what a checkpoint needs of it.

B examples, T caption tokens, N image tokens of width D.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from PIL import Image
from torch import nn

from memecap.core import registry
from memecap.core.config import PartConfig
from memecap.decoding.base import Search
from memecap.decoding.greedy import Greedy
from memecap.encoders.base import ImageEncoder
from memecap.modeling.batch import Batch, Example, ImageInput, Images, stack
from memecap.modeling.outputs import Caption, Loss
from memecap.reading.base import Reading
from memecap.text.base import Tokenizer


class Captioner(nn.Module, ABC):
    """Describes pictures, from what it sees of them, from what was read on them, or from both."""

    Config: type[PartConfig] = PartConfig

    config: PartConfig
    encoder: ImageEncoder | None

    def __init__(self) -> None:
        super().__init__()
        self.encoder = None  # no network of ours looks at the picture; a class attribute would hide a module

    @abstractmethod
    def generate(
        self, images: Images | None, readings: Sequence[Reading | None], search: Search
    ) -> list[list[Caption]]:
        """Candidates for each picture, best first; `images` is None when the captioner sees none."""

    def default_search(self) -> Search:
        """How captions are chosen where the caller does not say."""
        return Greedy()

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

    @abstractmethod
    def forward(self, batch: Batch) -> Loss:
        """The loss of the captions; `modeling.loss.token_loss` sums it as the batch wishes."""

    def references(self) -> dict[str, nn.Module]:
        """Frozen pretrained modules by attribute name: a checkpoint names them and does not hold them."""
        return {}

    def save_structure(self, folder: Path) -> None:
        """Write what `from_folder` needs beside the weights: the tokenizer, shapes."""
        self.tokenizer.save(folder)

    def save_references(self, folder: Path) -> dict[str, Any]:
        """Copy the referenced models into `<folder>/<name>`; returns changes of the config: {name: {"model": …}}."""
        return {}


def create(config: PartConfig, texts: Iterable[str] = ()) -> Captioner:
    """A new captioner of the class that `config` belongs to; one that learns takes its vocabulary from `texts`."""
    part: type[Captioner] = registry.load("captioners", config.name)
    return part.from_texts(config, texts) if issubclass(part, TrainableCaptioner) else part(config)
