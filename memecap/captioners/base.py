"""Captioner: two methods, `forward(batch) -> Loss` and `generate(images, readings, decoding) -> captions`.

B examples, T caption tokens, N image tokens of width D.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from jaxtyping import Float
from torch import Tensor, nn

from memecap.core import registry
from memecap.core.config import PartConfig
from memecap.decoding.searches import Beam, Decoding, Greedy, Nucleus
from memecap.encoders.base import ImageEncoder
from memecap.modeling.batch import Batch, Example, Images
from memecap.reading.base import Box, Reading
from memecap.text.base import Tokenizer


@dataclass(frozen=True, slots=True)
class Loss:
    """The sum of a batch's token losses and how many tokens it is over, so that windows of batches divide once."""

    total: Float[Tensor, ""]  # nats
    n_tokens: int

    @property
    def mean(self) -> Float[Tensor, ""]:
        return self.total / max(self.n_tokens, 1)


@dataclass(frozen=True, slots=True)
class Quote:
    """A quoted span of a caption; box and confidence where it comes from a line that was read."""

    text: str
    box: Box | None = None
    confidence: float | None = None
    original: str = ""  # what stands on the picture, where `text` is its translation


@dataclass(frozen=True, slots=True)
class Caption:
    """A description of one picture. `log_probability` is the sum over its tokens in nats, None without a model."""

    text: str
    quotes: tuple[Quote, ...] = ()
    log_probability: float | None = None
    finished: bool = True  # the end token was reached
    score: float | None = None  # of what it was chosen by: ranking.py; otherwise nats per token, None without a model
    reading: Reading | None = None  # filled by inference.py
    seconds: float | None = None  # filled by inference.py: reading and captioning, a share of the batch's time
    token_ids: tuple[int, ...] = field(default=(), repr=False)  # as written, the end token included if it was reached

    def to_json(self) -> dict[str, Any]:
        """Every field but the token ids, which mean nothing without the tokenizer."""
        return {name: value for name, value in asdict(self).items() if name != "token_ids"}


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
        decoding: Greedy | Beam | Nucleus,
    ) -> list[list[Caption]]:
        """Candidates for each picture, best first; `images` is None when the captioner sees none."""

    def decoding(self) -> Decoding:
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
