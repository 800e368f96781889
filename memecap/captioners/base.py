"""Captioner: two methods, `forward(batch) -> Loss` and `generate(images, readings, search) -> captions`.

B examples, T caption tokens, N image tokens of width D.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, ClassVar

from torch import Tensor, nn

from memecap.core import registry
from memecap.core.config import PartConfig
from memecap.decoding.base import Search
from memecap.decoding.greedy import Greedy
from memecap.encoders.base import ImageEncoder
from memecap.modeling.batch import Batch, Example, Images
from memecap.modeling.outputs import Caption, Loss
from memecap.reading.base import Reading
from memecap.text.base import Tokenizer


class Captioner(nn.Module, ABC):
    """A model that describes pictures. It carries its tokenizer and its image transform."""

    Config: type[PartConfig] = PartConfig
    trainable: ClassVar[bool] = True

    config: PartConfig
    encoder: ImageEncoder | None  # None: it sees no picture, only what was read

    @classmethod
    @abstractmethod
    def from_texts(cls, config: Any, texts: Iterable[str]) -> Captioner:
        """A new captioner for training; a vocabulary that is not part of a pretrained model is learnt from `texts`."""

    @classmethod
    @abstractmethod
    def from_folder(cls, config: Any, folder: Path) -> Captioner:
        """The captioner of a checkpoint folder, its tokenizer loaded, its weights not yet (see checkpoint.py)."""

    @property
    @abstractmethod
    def tokenizer(self) -> Tokenizer: ...

    @abstractmethod
    def example(self, caption: str, *, image: Tensor | None = None, reading: Reading | None = None) -> Example:
        """One training example: `image` is the encoder's pixels or its cached features."""

    @abstractmethod
    def forward(self, batch: Batch) -> Loss:
        """The loss of the captions; `_loss.token_loss` sums it as the batch wishes."""

    @abstractmethod
    def generate(
        self,
        images: Images | None,
        readings: Sequence[Reading | None],
        search: Search,
    ) -> list[list[Caption]]:
        """Candidates for each picture, best first; `images` is None when the captioner sees none."""

    def default_search(self) -> Search:
        """How captions are chosen where the caller does not say."""
        return Greedy()

    def references(self) -> dict[str, nn.Module]:
        """Frozen pretrained modules by attribute name: a checkpoint names them and does not hold them."""
        return {}

    def save_structure(self, folder: Path) -> None:
        """Write what `from_folder` needs beside the weights: the tokenizer, shapes."""
        self.tokenizer.save(folder)

    def save_references(self, folder: Path) -> dict[str, Any]:
        """Copy the referenced models into `<folder>/<name>`; returns changes of the config: {name: {"model": …}}."""
        return {}


def create(config: PartConfig, texts: Iterable[str]) -> Captioner:
    """A new captioner of the class that `config` belongs to."""
    captioner: Captioner = registry.load("captioners", config.name).from_texts(config, texts)
    return captioner
