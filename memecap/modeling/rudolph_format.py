"""RuDOLPH's own files ↔ the network: `pytorch_model.bin`, a state of tensors in fp16, and YouTokenToMe's `bpe.model`.

In: such a file, of the Hub or of somebody's fine-tuning. Out: a `Rudolph`, its sizes read off the tensors; and back.
Source: ai-forever/ru-dolph rudolph/model/__init__.py (get_rudolph_model), rudolph/api.py (special tokens).
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from pydantic import Field
from torch import Tensor

from memecap.core import config as configuration
from memecap.core import storage, tensors
from memecap.core.config import Frozen
from memecap.errors import DataError
from memecap.modeling.rudolph import Rudolph, Shape

WEIGHTS, TOKENIZER = "pytorch_model.bin", "bpe.model"
STRUCTURE = "rudolph.json"  # of a checkpoint: the network's sizes
#: special tokens of version 2, counted from the end of the pieces
LEFT_TO_CAPTION, RIGHT_CAPTION = 3, 5  # <LT_I2T>, <RT_I2T>
_MASKS = re.compile(r"transformer\.(row|col|conv|last_conv)_mask$")  # kept among the weights, the same in every file
_FIX = "Give RuDOLPH's pytorch_model.bin, or the state of a model fine-tuned from it."


def read(path: Path, *, n_heads: int = 16, kernel: int = 7, last_kernel: int = 9, dropout: float = 0.1) -> Rudolph:
    """The network of a file, in fp32.

    Args:
        n_heads, kernel, last_kernel: what the tensors do not tell; the defaults are those of every published model.

    Raises:
        MissingFileError: no such file.
        DataError: not such a file.
    """
    state = _state(path)
    try:
        shape = Shape(**_sizes(state), n_heads=n_heads, kernel=kernel, last_kernel=last_kernel)
        model = Rudolph(shape, dropout=dropout)
    except (KeyError, ValueError, IndexError, RuntimeError) as error:
        raise DataError(f"not RuDOLPH's weights: {error}", where=path, fix=_FIX) from error
    if wrong := tensors.misfits(state, model.state_dict()):
        raise DataError(f"not RuDOLPH's weights: {wrong[0]}", where=path, fix=_FIX)
    if shape.width % n_heads:
        what = f"its width {shape.width} does not divide into {n_heads} heads"
        raise DataError(what, where=path, fix="Set n_heads as the model was made.")
    model.load_state_dict(state)
    return model.eval()


def write(path: Path, model: Rudolph) -> None:
    """The file as it is published: fp16."""
    buffer = io.BytesIO()
    torch.save({name: tensor.detach().cpu().half() for name, tensor in model.state_dict().items()}, buffer)
    storage.write_bytes(path, buffer.getvalue())


def save_structure(model: Rudolph, folder: Path) -> None:
    """The network's sizes, for a checkpoint that holds its weights."""
    storage.write_json(folder / STRUCTURE, asdict(model.shape))


def from_structure(folder: Path, *, dropout: float) -> Rudolph:
    """A network of the sizes in a checkpoint, its weights not loaded yet. Raises as `read`, and `ConfigError`."""
    path = folder / STRUCTURE
    sizes = configuration.validate(_Sizes, storage.read_json(path), where=path)
    return Rudolph(Shape(**sizes.model_dump()), dropout=dropout)


class _Sizes(Frozen):
    """What a checkpoint says of the network's sizes."""

    n_layers: int = Field(ge=1)
    width: int = Field(ge=1)
    n_heads: int = Field(ge=1)
    left: int = Field(ge=2)
    right: int = Field(ge=3)
    side: int = Field(ge=1)
    n_text: int = Field(ge=1)
    n_codes: int = Field(ge=1)
    kernel: int = Field(ge=1)
    last_kernel: int = Field(ge=1)


def _state(path: Path) -> dict[str, Tensor]:
    """The tensors; a checkpoint of a trainer holds them as `state_dict`, a wrapped model under `module.`."""
    held: Any = tensors.read_pickle(path, fix=_FIX)
    for key in ("state_dict", "model"):
        if isinstance(held, Mapping) and isinstance(held.get(key), Mapping):
            held = held[key]
    if not isinstance(held, Mapping) or not all(isinstance(value, Tensor) for value in held.values()):
        raise DataError("no tensors by name in it", where=path, fix=_FIX)
    named = {name.removeprefix("module."): tensor.float() for name, tensor in held.items()}
    return {name: tensor for name, tensor in named.items() if not _MASKS.search(name)}


def _sizes(state: Mapping[str, Tensor]) -> dict[str, int]:
    layers = {int(name.split(".")[2]) for name in state if name.startswith("transformer.layers.")}
    n_text, width = state["text_embeddings.weight"].shape
    return {
        "n_layers": len(layers),
        "width": width,
        "left": len(state["l_text_pos_embeddings.weight"]) - 1,
        "right": len(state["r_text_pos_embeddings.weight"]) - 1,
        "side": len(state["image_row_embeddings.weight"]),
        "n_text": n_text,
        "n_codes": len(state["image_embeddings.weight"]),
    }
