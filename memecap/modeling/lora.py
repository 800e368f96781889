"""LoRA: a frozen language model with low-rank matrices beside some of its layers, which alone are learnt.

In: a causal model of transformers, changed in place. The matrices and their wrapping of a layer are peft's.
Source: Hu et al., arXiv 2106.09685.
"""

from __future__ import annotations

import warnings
from typing import Any

from pydantic import Field
from torch import Tensor

from memecap.core.config import Frozen
from memecap.errors import ConfigError, ServiceError


class LoRA(Frozen):
    """Low-rank matrices."""

    rank: int = Field(8, ge=1, description="of the two matrices beside each changed one")
    alpha: float = Field(16.0, gt=0, description="the product is scaled by alpha / rank")
    dropout: float = Field(0.0, ge=0, lt=1, description="of what the matrices read")
    layers: tuple[str, ...] | None = Field(
        None, description="last parts of the names of the layers to change; null: peft's choice for the model's family"
    )


def attach(model: Any, config: LoRA, *, layers: str | None = None, where: str = "captioner.decoder") -> None:
    """Put matrices beside the chosen layers; B begins at zero, so nothing is changed yet.

    Args:
        layers: peft's word for the layers where the settings name none, such as all-linear.
        where: the key of the model's settings, for messages.

    Raises:
        ServiceError: peft is not installed.
        ConfigError: the model has no such layers.
    """
    try:
        from peft import LoraConfig, inject_adapter_in_model
    except ImportError as error:
        raise ServiceError(
            "LoRA needs the package peft", where=f"{where}.train", fix="Run: pip install 'memecap[lora]'"
        ) from error
    targets = layers if config.layers is None else list(config.layers)
    settings = LoraConfig(
        r=config.rank, lora_alpha=config.alpha, lora_dropout=config.dropout, target_modules=targets, bias="none"
    )
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="fan_in_fan_out")  # GPT-2's layers are transposed; peft mends it
            inject_adapter_in_model(settings, model)
    except ValueError as error:
        raise ConfigError(
            str(error).split(". ")[0], where=f"{where}.lora.layers", fix="Name layers that the model has."
        ) from error


def original_state(model: Any) -> dict[str, Tensor]:
    """The model's weights under the names they had before `attach`."""
    state = model.state_dict().items()  # peft puts `base_layer` into the names of what it wrapped
    return {name.replace(".base_layer", ""): tensor for name, tensor in state if ".lora_" not in name}
