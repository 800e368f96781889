"""Examples → a padded batch. Padding is a mask, never a vocabulary id.

B examples, T caption tokens, R reading tokens, N image tokens of width D, H W pixels.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import torch
from jaxtyping import Bool, Float, Int, Real
from torch import Tensor

#: what a picture becomes for a captioner: pixels [3 H W], features [N D], or tensors of its own by name, of any shape
ImageInput = Tensor | Mapping[str, Tensor]


@dataclass(frozen=True)
class Images:
    """Pictures as pixels, as the features a frozen encoder made of them, or as inputs of any shape."""

    pixels: Float[Tensor, "B 3 H W"] | None = None
    features: Real[Tensor, "B N D"] | None = None
    inputs: tuple[Mapping[str, Tensor], ...] | None = None  # a picture each

    def __post_init__(self) -> None:
        if sum(given is not None for given in (self.pixels, self.features, self.inputs)) != 1:
            raise ValueError("Images wants pixels, features or inputs, one of the three")

    def __len__(self) -> int:
        return len(self.tensor) if self.inputs is None else len(self.inputs)

    @property
    def tensor(self) -> Tensor:
        tensor = self.pixels if self.pixels is not None else self.features
        assert tensor is not None
        return tensor

    def select(self, rows: Int[Tensor, " n"]) -> Images:
        """These pictures, in this order."""
        inputs = None if self.inputs is None else tuple(self.inputs[row] for row in rows.tolist())
        return replace(self, **_tensors(self, lambda part: part[rows]), inputs=inputs)

    def to(self, device: torch.device | str) -> Images:
        inputs = self.inputs
        if inputs is not None:
            inputs = tuple({name: part.to(device) for name, part in one.items()} for one in inputs)
        return replace(self, **_tensors(self, lambda part: part.to(device)), inputs=inputs)


@dataclass(frozen=True)
class Example:
    """One caption to learn: its tokens (end token included), the picture if any, the prompt's tokens if any."""

    token_ids: Sequence[int]
    image: ImageInput | None = None
    prompt_ids: Sequence[int] = ()
    weight: float = 1.0  # of its loss
    text: str | None = None  # the caption in words, for a captioner that wants them too


@dataclass(frozen=True)
class Batch:
    """What a captioner's `forward` takes. Masks are True on real tokens; padding stands on the right and holds 0.

    `weights` and `label_smoothing` are wishes about the loss, which `modeling/loss.py` grants for every captioner.
    """

    images: Images | None
    token_ids: Int[Tensor, "B T"]
    token_mask: Bool[Tensor, "B T"]
    prompt_ids: Int[Tensor, "B R"]
    prompt_mask: Bool[Tensor, "B R"]
    weights: Float[Tensor, " B"] | None = None  # of the examples' losses; None: one each
    label_smoothing: float = 0.0  # share of a target's probability that is spread over the vocabulary
    texts: tuple[str, ...] | None = None  # the captions in words, where every example has them

    def __len__(self) -> int:
        return len(self.token_ids)

    @property
    def n_tokens(self) -> int:
        """Caption tokens without padding: what the loss is divided by."""
        return int(self.token_mask.sum())

    def select(self, rows: Int[Tensor, " n"]) -> Batch:
        """The batch of these examples, in this order; one may be taken several times."""
        images = None if self.images is None else self.images.select(rows)
        texts = None if self.texts is None else tuple(self.texts[row] for row in rows.tolist())
        return replace(self, **_tensors(self, lambda part: part[rows]), images=images, texts=texts)

    def to(self, device: torch.device | str) -> Batch:
        images = None if self.images is None else self.images.to(device)
        return replace(self, **_tensors(self, lambda part: part.to(device)), images=images)


def _tensors(record: Images | Batch, change: Callable[[Tensor], Tensor]) -> dict[str, Any]:
    """The fields of a record that hold a tensor, each changed."""
    held = {field.name: getattr(record, field.name) for field in fields(record)}
    return {name: change(part) for name, part in held.items() if isinstance(part, Tensor)}


def collate(examples: Sequence[Example], *, label_smoothing: float = 0.0) -> Batch:
    """Pad examples to a batch. All of them have a picture of one kind, or none has."""
    weights = torch.tensor([example.weight for example in examples])
    texts = [example.text for example in examples if example.text is not None]
    return Batch(
        stack([example.image for example in examples]),
        *pad([example.token_ids for example in examples]),
        *pad([example.prompt_ids for example in examples]),
        weights=None if bool((weights == 1.0).all()) else weights,
        label_smoothing=label_smoothing,
        texts=tuple(texts) if len(texts) == len(examples) else None,
    )


def pad(sequences: Sequence[Sequence[int]]) -> tuple[Int[Tensor, "B T"], Bool[Tensor, "B T"]]:
    """Right-pad with zeros; the mask is True on what was there."""
    lengths = torch.tensor([len(sequence) for sequence in sequences])
    width = int(lengths.max()) if len(sequences) else 0
    ids = torch.zeros(len(sequences), width, dtype=torch.long)
    for i, sequence in enumerate(sequences):
        ids[i, : len(sequence)] = torch.as_tensor(sequence, dtype=torch.long)
    return ids, torch.arange(width)[None, :] < lengths[:, None]


def stack(images: Sequence[ImageInput | None]) -> Images | None:
    """The pictures of a batch; None where there are none. Raises `ValueError` where some have one and some have not."""
    tensors = [image for image in images if isinstance(image, Tensor)]
    named = [image for image in images if isinstance(image, Mapping)]
    if not tensors and not named:
        return None
    if len(tensors or named) != len(images):
        raise ValueError("a batch mixes examples with and without a picture")
    if named:
        return Images(inputs=tuple(named))
    stacked = torch.stack(tensors)
    return Images(pixels=stacked) if stacked.ndim == 4 else Images(features=stacked)
