"""The language model at the end of a captioner: pretrained from a folder or the Hub, or a new GPT-2 of a given shape.

In: its settings, and captions where a tokenizer must be learnt. Out: a causal model of transformers and its tokenizer.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

from pydantic import Field
from transformers import AutoConfig, AutoModelForCausalLM, GPT2Config, GPT2LMHeadModel

from memecap import hub, storage
from memecap.config import Frozen
from memecap.text.bpe import BPE

FOLDER = "decoder"  # of a checkpoint: the model's config.json, and its weights when the checkpoint is self-contained


class Pretrained(Frozen):
    """A causal language model of transformers."""

    model: str = Field(description="a folder or a Hub id, such as ai-forever/rugpt3small_based_on_gpt2")
    train: Literal["frozen", "full"] = Field("frozen", description="whether its weights are learnt")


class New(Frozen):
    """A GPT-2 learnt from scratch, with a byte-level BPE learnt from the captions."""

    n_layers: int = Field(4, ge=1)
    width: int = Field(256, ge=8)
    n_heads: int = Field(4, ge=1)
    vocab_size: int = Field(4000, ge=257, description="ids of the tokenizer, at most")
    dropout: float = Field(0.1, ge=0, lt=1)
    max_positions: int = Field(512, ge=16, description="prefix, reading and caption together, in tokens")


Language = Pretrained | New


def from_texts(config: Language, texts: Iterable[str]) -> tuple[Any, BPE]:
    """A model for training and its tokenizer."""
    if isinstance(config, Pretrained):
        folder = hub.fetch_model(config.model)
        return hub.pretrained(AutoModelForCausalLM, folder), BPE.from_folder(folder)
    tokenizer = BPE.learn(texts, vocab_size=config.vocab_size)
    return GPT2LMHeadModel(_shape(config, tokenizer)), tokenizer


def from_folder(config: Language, folder: Path) -> tuple[Any, BPE]:
    """The model of a checkpoint: its weights are loaded here only where the checkpoint refers to them."""
    tokenizer = BPE.from_folder(folder)
    if isinstance(config, Pretrained) and config.train == "frozen":
        return hub.pretrained(AutoModelForCausalLM, hub.fetch_model(config.model)), tokenizer
    hub.fetch(str(folder / FOLDER), ("config.json",))
    shape = AutoConfig.from_pretrained(folder / FOLDER)
    return AutoModelForCausalLM.from_config(shape), tokenizer


def save_structure(model: Any, folder: Path) -> None:
    """The model's shape, so that a checkpoint that holds its weights needs no other file."""
    storage.write_text(folder / FOLDER / "config.json", model.config.to_json_string())


def n_positions(model: Any) -> int:
    """The longest sequence the model takes, in tokens."""
    return int(getattr(model.config, "max_position_embeddings", 1 << 20))


def _shape(config: New, tokenizer: BPE) -> GPT2Config:
    return GPT2Config(
        vocab_size=tokenizer.size,
        n_positions=config.max_positions,
        n_embd=config.width,
        n_layer=config.n_layers,
        n_head=config.n_heads,
        resid_pdrop=config.dropout,
        embd_pdrop=config.dropout,
        # Dropout inside attention forbids torch's fused kernel; without it, and with this form of the same activation,
        # a training step takes 0.6 of the time on a CPU.
        attn_pdrop=0.0,
        activation_function="gelu_pytorch_tanh",
        bos_token_id=tokenizer.end_id,
        eos_token_id=tokenizer.end_id,
    )
