"""The language model at the end of a captioner: pretrained from a folder or the Hub, or a new GPT-2 of a given shape.

In: its settings, and captions where a tokenizer must be learnt. Out: a causal model of transformers and its tokenizer,
with what is not learnt frozen.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

from jaxtyping import Float
from pydantic import Field
from torch import Tensor, nn
from transformers import AutoConfig, AutoModelForCausalLM, GPT2Config, GPT2LMHeadModel
from transformers.activations import NewGELUActivation

from memecap.core import hub, storage
from memecap.core.config import Frozen
from memecap.errors import ConfigError, DataError
from memecap.modeling.lora import LoRA, attach
from memecap.text.bpe import BPE

FOLDER = "decoder"  # of a checkpoint: the model's config.json, and its weights when the checkpoint is self-contained
#: settings of models that change the logits after the output layer, in ways that `logits` does not follow
_AFTER_OUTPUT = ("logit_scale", "logits_scaling")


class Pretrained(Frozen):
    """A causal language model of transformers."""

    model: str = Field(description="a folder or a Hub id, such as ai-forever/rugpt3small_based_on_gpt2")
    train: Literal["frozen", "full", "last", "lora"] = Field("frozen", description="which of its weights are learnt")
    last_layers: int = Field(2, ge=1, description="for train: last; so many blocks at the end, and the norm after them")
    lora: LoRA = Field(LoRA(), description="for train: lora")


class New(Frozen):
    """A GPT-2 learnt from scratch, with a byte-level BPE learnt from the captions."""

    n_layers: int = Field(4, ge=1, description="blocks of attention and MLP")
    width: int = Field(256, ge=8, description="of a token's vector; a multiple of n_heads")
    n_heads: int = Field(4, ge=1, description="heads of attention in a block")
    vocab_size: int = Field(4000, ge=257, description="ids of the tokenizer, at most")
    dropout: float = Field(0.1, ge=0, lt=1, description="share of values dropped in training")
    max_positions: int = Field(512, ge=16, description="prefix, reading and caption together, in tokens")


Language = Pretrained | New


def from_texts(config: Language, texts: Iterable[str]) -> tuple[Any, BPE]:
    """A model for training and its tokenizer."""
    if isinstance(config, Pretrained):
        folder = hub.fetch_model(config.model)
        return _pretrained(config, folder), BPE.from_folder(folder)
    tokenizer = BPE.learn(texts, vocab_size=config.vocab_size)
    return new_gpt2(config, tokenizer), tokenizer


def new_gpt2(config: New, tokenizer: BPE) -> GPT2LMHeadModel:
    """A GPT-2 of that shape, its weights by chance."""
    return GPT2LMHeadModel(
        GPT2Config(
            vocab_size=tokenizer.size,
            n_positions=config.max_positions,
            n_embd=config.width,
            n_layer=config.n_layers,
            n_head=config.n_heads,
            resid_pdrop=config.dropout,
            embd_pdrop=config.dropout,
            # Dropout inside attention forbids torch's fused kernel; without it, and with this form of the same
            # activation, a training step takes 0.6 of the time on a CPU.
            attn_pdrop=0.0,
            activation_function="gelu_pytorch_tanh",
            bos_token_id=tokenizer.end_id,
            eos_token_id=tokenizer.end_id,
        )
    )


def from_folder(config: Language, folder: Path) -> tuple[Any, BPE]:
    """The model of a checkpoint: its weights are loaded here only where the checkpoint refers to them."""
    tokenizer = BPE.from_folder(folder)
    if is_referenced(config):
        assert isinstance(config, Pretrained)
        return _pretrained(config, hub.fetch_model(config.model)), tokenizer
    return _fused(from_structure(folder)), tokenizer


def from_structure(folder: Path) -> Any:
    """The model whose shape `save_structure` wrote into a checkpoint, its weights not loaded yet.

    Raises:
        MissingFileError, DataError: the file is not there, or is not the shape of a causal language model.
    """
    hub.fetch(str(folder / FOLDER), ("config.json",))
    try:
        shape = AutoConfig.from_pretrained(folder / FOLDER, local_files_only=True, trust_remote_code=False)
        return AutoModelForCausalLM.from_config(shape, trust_remote_code=False)
    except Exception as error:  # whatever the first wrong value meets in transformers
        raise DataError(
            f"not the shape of a language model: {str(error).splitlines()[0]}",
            where=folder / FOLDER / "config.json",
            fix="Save or fetch the checkpoint again.",
        ) from error


def is_referenced(config: Language) -> bool:
    """Whether a checkpoint names the model: always when some of its weights are not learnt."""
    return isinstance(config, Pretrained) and config.train != "full"


def save_structure(model: Any, folder: Path) -> None:
    """The model's shape, so that a checkpoint that holds its weights needs no other file."""
    storage.write_text(folder / FOLDER / "config.json", model.config.to_json_string())


def n_positions(model: Any) -> int:
    """The longest sequence the model takes, in tokens."""
    return int(getattr(model.config.get_text_config(), "max_position_embeddings", None) or 1 << 20)


def logits(model: Any, states: Float[Tensor, "n W"]) -> Float[Tensor, "n V"]:
    """Of chosen states, in fp32."""
    found: Tensor = model.get_output_embeddings()(states).float()
    cap = getattr(model.config, "final_logit_softcapping", None)
    return found if cap is None else (found / cap).tanh() * cap


def _fused(model: Any) -> Any:
    """GPT-2's activation as one kernel: the same function, where transformers takes eight passes over the states."""
    for module in model.modules():
        for name, part in module.named_children():
            if isinstance(part, NewGELUActivation):
                setattr(module, name, nn.GELU(approximate="tanh"))
    return model


def _pretrained(config: Pretrained, folder: Path) -> Any:
    model = _fused(hub.pretrained(AutoModelForCausalLM, folder))
    _check_output(model)
    if config.train == "full":
        return model
    model.requires_grad_(False)
    if config.train == "lora":
        attach(model, config.lora)
    elif config.train == "last":
        for module in last_layers(model, config.last_layers, model=config.model, where="captioner.decoder"):
            module.requires_grad_(True)
    return model


def last_layers(network: Any, n: int, *, model: str, where: str) -> list[nn.Module]:
    """The last n blocks, and the norm that stands beside the list of blocks.

    Raises:
        ConfigError: there are fewer; the message names the `model` and the key of its settings.
    """
    lists = [
        (len(part), parent, part)
        for parent in network.base_model.modules()
        for part in parent.children()
        if isinstance(part, nn.ModuleList)
    ]
    n_layers, parent, blocks = max(lists, key=lambda found: found[0], default=(0, network, nn.ModuleList()))
    if n_layers < n:
        raise ConfigError(
            f"{model} has {n_layers} layers, not {n}",
            where=f"{where}.last_layers",
            fix="Lower last_layers, or set train: full.",
        )
    norms = [part for name, part in parent.named_children() if name.startswith("ln") or "norm" in name]
    return [*blocks[-n:], *norms]


def _check_output(model: Any) -> None:
    changed = [name for name in _AFTER_OUTPUT if getattr(model.config, name, None) not in (None, 1.0)]
    if changed or not callable(getattr(model, "get_output_embeddings", None)):
        raise ConfigError(
            f"{type(model).__name__} changes its logits after the output layer ({', '.join(changed)})",
            where="captioner.decoder.model",
            fix="Take a model of the GPT-2, Llama, Qwen, OPT or Gemma family.",
        )
