"""A GPT with cross-attention to image tokens, as transformers' VisionEncoderDecoderModel makes one of a plain GPT.

In: settings of a decoder. Out: the pretrained (or new) model in which each block also attends to an encoder's states;
those weights are new.
Source: Rothe et al., arXiv 1907.12461; transformers' models/vision_encoder_decoder.
"""

from __future__ import annotations

import copy
import inspect
from typing import Any, Literal

from pydantic import Field
from torch import nn
from transformers import AutoModelForCausalLM, VisionEncoderDecoderConfig, VisionEncoderDecoderModel

from memecap.core.config import Frozen
from memecap.errors import ConfigError


class Pretrained(Frozen):
    """A GPT-2 of transformers: ruGPT3, GPT-2, distilgpt2."""

    model: str = Field(
        "ai-forever/rugpt3small_based_on_gpt2", description="a folder or a Hub id, such as distilbert/distilgpt2"
    )
    train: Literal["full", "cross"] = Field("full", description="all weights, or the cross-attention's alone")


def widen(model: Any) -> Any:
    """The model with cross-attention in each block. Raises `ConfigError` where its kind has none."""
    config = copy.deepcopy(model.config)
    config.update({"is_decoder": True, "add_cross_attention": True})
    wide = AutoModelForCausalLM.from_config(config)
    missing, unexpected = wide.load_state_dict(model.state_dict(), strict=False)
    attends = "encoder_hidden_states" in inspect.signature(wide.forward).parameters
    if not attends or not missing or unexpected:
        raise ConfigError(
            f"{type(model).__name__} cannot attend to image tokens",
            where="captioner.decoder.model",
            fix="Take a model of the GPT-2 family, or the captioner clipcap.",
        )
    return wide.eval()


def freeze_all_but_cross_attention(model: Any) -> None:
    """What a plain GPT has keeps its weights; it is told by comparison with one, not by names."""
    config = copy.deepcopy(model.config)
    config.update({"add_cross_attention": False})
    plain = {name for name, _ in type(model)(config).named_parameters()}
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(name not in plain)


def vision_encoder_decoder(encoder: Any, bridge: nn.Module, decoder: Any, *, start_id: int) -> Any:
    """transformers' own model around the same modules; with it they are saved in transformers' format."""
    config = VisionEncoderDecoderConfig.from_encoder_decoder_configs(encoder.config, decoder.config)
    config.update({"decoder_start_token_id": start_id, "pad_token_id": start_id, "eos_token_id": start_id})
    made = VisionEncoderDecoderModel(config=config, encoder=encoder, decoder=decoder)
    if isinstance(bridge, nn.Linear):
        made.enc_to_dec_proj = bridge
    return made.eval()
