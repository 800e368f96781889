"""The network of a vision-language model of any family: how it is loaded, what of it learns, what it says of captions.

In: its settings. Out: a model of `AutoModelForImageTextToText`, with all that is not learnt frozen; its vision side is
everything outside its decoder and its output layer.

B examples, L positions, W the decoder's width, V ids, n caption tokens of all examples together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import torch
from jaxtyping import Bool, Float
from pydantic import Field, model_validator
from torch import Tensor, nn
from transformers import AutoConfig, AutoModelForImageTextToText, GenerationConfig

from memecap.core import hub, storage
from memecap.core.config import Frozen
from memecap.errors import DataError
from memecap.modeling.language_model import last_layers
from memecap.modeling.lora import LoRA, attach

FOLDER = "network"  # of a checkpoint: the network's shape, and its weights where the checkpoint is self-contained


class NetworkConfig(Frozen):
    """A vision-language model, and what of it is learnt."""

    model: str = Field(description="a folder or a Hub id, such as Qwen/Qwen3-VL-2B-Instruct; id@revision pins it")
    train: Literal["frozen", "lora", "last", "full"] = Field(
        "lora", description="what is learnt of the language side; frozen: nothing, it is asked as it is"
    )
    lora: LoRA = Field(LoRA(), description="for train: lora; layers null: every linear layer of the decoder")
    last_layers: int = Field(2, ge=1, description="for train: last; so many blocks at the end, and the norm after them")
    train_vision: bool = Field(False, description="learn all of the vision side too: tower and projector")
    dtype: Literal["fp32", "bf16"] = Field("fp32", description="of the weights; what is learnt in full is fp32")
    gradient_checkpointing: bool = Field(False, description="keep fewer activations and compute them twice")

    @model_validator(mode="after")
    def _learns_in_fp32(self) -> NetworkConfig:
        if self.dtype == "bf16" and (self.train in ("last", "full") or self.train_vision):
            raise ValueError("small steps vanish in bf16: set dtype: fp32, and precision: bf16 for the run")
        return self

    @property
    def learns_all(self) -> bool:
        """Whether a checkpoint holds every weight."""
        return self.train == "full" and self.train_vision


def load(config: NetworkConfig, folder: Path) -> Any:
    """The model of a folder, its weights loaded. Raises `DataError` where transformers cannot."""
    dtype = {"fp32": "float32", "bf16": "bfloat16"}[config.dtype]
    return prepare(config, hub.pretrained(AutoModelForImageTextToText, folder, dtype=dtype))


def from_structure(config: NetworkConfig, folder: Path) -> Any:
    """The model whose shape `save_structure` wrote into a checkpoint, its weights not loaded yet."""
    here = {"local_files_only": True, "trust_remote_code": False}
    hub.fetch(str(folder / FOLDER), ("config.json",))
    try:
        shape = AutoConfig.from_pretrained(folder / FOLDER, **here)
        network = AutoModelForImageTextToText.from_config(shape, dtype=torch.float32, trust_remote_code=False)
    except Exception as error:  # whatever the first wrong value meets in transformers
        what = f"not the shape of a vision-language model: {str(error).splitlines()[0]}"
        where, fix = folder / FOLDER / "config.json", "Save or fetch the checkpoint again."
        raise DataError(what, where=where, fix=fix) from error
    network.generation_config = GenerationConfig.from_pretrained(folder / FOLDER, local_files_only=True)
    return prepare(config, network)


def save_structure(network: Any, end_ids: Sequence[int], folder: Path) -> None:
    """Shape and end tokens, so that a checkpoint that holds all weights needs no other file."""
    storage.write_text(folder / FOLDER / "config.json", network.config.to_json_string())
    storage.write_json(folder / FOLDER / "generation_config.json", {"eos_token_id": list(end_ids)})


def prepare(config: NetworkConfig, network: Any) -> Any:
    """Freeze what is not learnt."""
    network.requires_grad_(False)
    decoder, head = network.get_decoder(), network.get_output_embeddings()
    if config.train_vision:
        language = {id(parameter) for part in (decoder, head) for parameter in part.parameters()}
        for parameter in network.parameters():
            parameter.requires_grad_(id(parameter) not in language)
    if config.train == "lora":
        attach(decoder, config.lora, layers="all-linear", where="captioner.network")
        for name, parameter in decoder.named_parameters():
            if ".lora_" in name:
                parameter.data = parameter.data.float()
    elif config.train == "last":
        for module in last_layers(decoder, config.last_layers, model=config.model, where="captioner.network"):
            module.requires_grad_(True)
    elif config.train == "full":
        decoder.requires_grad_(True)
        head.requires_grad_(True)
    if config.gradient_checkpointing:
        enable = getattr(network, "activation_checkpointing_enable", None)  # the newer name
        (enable or network.gradient_checkpointing_enable)({"use_reentrant": False})
    return network


def end_ids(network: Any, end_id: int) -> tuple[int, ...]:
    """The end of a turn, and whatever else ends a text of this model."""
    ends = getattr(network.generation_config, "eos_token_id", None)
    found = [ends] if isinstance(ends, int) else list(ends or ())
    return tuple(dict.fromkeys([end_id, *found]))


def join(pictures: Sequence[Mapping[str, Tensor]], like: Tensor) -> dict[str, Tensor]:
    """The tensors of a batch's pictures end to end, as a processor joins them, where `like` lies and in its dtype.

    Where pictures have unlike numbers of tiles, empty ones fill up.
    """
    joined = {}
    for name in pictures[0] if pictures else ():
        parts = [picture[name] for picture in pictures]
        shape = [max(part.shape[axis] for part in parts) for axis in range(1, parts[0].ndim)]
        whole = torch.cat([_filled(part, shape) for part in parts]).to(like.device)
        joined[name] = whole.to(like.dtype) if whole.is_floating_point() else whole
    return joined


def _filled(part: Tensor, shape: Sequence[int]) -> Tensor:
    """The tensor with zeros behind, so that all axes but the first have these lengths."""
    if list(part.shape[1:]) == list(shape):
        return part
    filled = part.new_zeros(len(part), *shape)
    filled[tuple(slice(length) for length in part.shape)] = part
    return filled


def logits_of(network: Any, said: Bool[Tensor, "B L"], **inputs: Any) -> Float[Tensor, "n V"]:
    """What the network says of the tokens where `said` is True, in fp32: its output layer sees no other place.

    The states are picked on their way into the output layer, so whatever a family does to logits after it still holds.
    """
    before = torch.zeros_like(said)
    before[:, :-1] = said[:, 1:]

    def pick(_: nn.Module, arguments: tuple[Tensor]) -> tuple[Tensor]:
        return (arguments[0][before][None],)

    hook = network.get_output_embeddings().register_forward_pre_hook(pick)
    try:
        logits: Tensor = network(**inputs, use_cache=False).logits
    finally:
        hook.remove()
    return logits[0].float()


def rest(network: nn.Module) -> None:
    """Modules of which nothing is learnt go to evaluation mode."""
    for module in network.modules():
        if not any(parameter.requires_grad for parameter in module.parameters()):
            module.eval()
