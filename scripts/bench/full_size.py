"""Models of real shapes with random weights, in the files the real ones come in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from tokenizers import pre_tokenizers
from transformers import (
    CLIPModel,
    ConvNextImageProcessorPil,
    GPT2Config,
    GPT2LMHeadModel,
    ResNetConfig,
    ResNetModel,
    ViTConfig,
    ViTImageProcessorPil,
    ViTModel,
)

from memecap.encoders.pretrained import ruclip_format
from memecap.text.yttm import SPACE, YttmBPE

#: config.json of ai-forever's checkpoints
RUCLIP = {
    "ruclip-vit-base-patch32-384": {
        "embed_dim": 512, "image_resolution": 384, "vision_layers": 12, "vision_width": 768, "vision_patch_size": 32,
        "context_length": 77, "vocab_size": 49408, "transformer_width": 512, "transformer_heads": 8,
        "transformer_layers": 12,
    },
    "ruclip-vit-large-patch14-336": {
        "embed_dim": 768, "image_resolution": 336, "vision_layers": 24, "vision_width": 1024, "vision_patch_size": 14,
        "context_length": 77, "vocab_size": 49408, "transformer_width": 768, "transformer_heads": 12,
        "transformer_layers": 12,
    },
}  # fmt: skip
#: shapes of ruGPT3, GPT-2 with 2048 positions
RUGPT3 = {
    "rugpt3small": {"n_layer": 12, "n_embd": 768, "n_head": 12, "vocab_size": 50264},
    "rugpt3large": {"n_layer": 24, "n_embd": 1536, "n_head": 16, "vocab_size": 50257},
}


def write(name: str, folder: Path) -> Path:
    """The folder of a model, written there unless it is there already."""
    place = folder / name
    if not (place / "config.json").exists():
        torch.manual_seed(0)
        if name in RUCLIP:
            tokenizer = YttmBPE({SPACE: 4, **{chr(code): code - 1067 for code in range(1072, 1104)}}, ())
            ruclip_format.write(place, CLIPModel(ruclip_format.clip_config(RUCLIP[name])), tokenizer)
        elif name in RUGPT3:
            _write_gpt(place, RUGPT3[name])
        else:
            model, processor = _vision(name)
            processor.save_pretrained(place)
            model.save_pretrained(place)
    return place


def _vision(name: str) -> tuple[Any, Any]:
    if name == "vit-base-patch16-224":
        return ViTModel(ViTConfig()), ViTImageProcessorPil()
    depths = {"resnet-50": [3, 4, 6, 3], "resnet-101": [3, 4, 23, 3]}[name]
    return ResNetModel(ResNetConfig(depths=depths)), ConvNextImageProcessorPil(
        size={"shortest_edge": 224}, crop_pct=0.875
    )


def _write_gpt(folder: Path, shape: dict[str, int]) -> None:
    """Weights and a vocabulary of the right size: bytes, and fillers that random weights write."""
    config = GPT2Config(n_positions=2048, bos_token_id=1, eos_token_id=2, **shape)
    GPT2LMHeadModel(config).save_pretrained(folder)
    tokens = ["<pad>", "<s>", "</s>", "<unk>", "<mask>", *sorted(pre_tokenizers.ByteLevel.alphabet())]
    tokens += [f"Ġ{i}" for i in range(shape["vocab_size"] - len(tokens))]
    (folder / "vocab.json").write_text(json.dumps({token: i for i, token in enumerate(tokens)}), encoding="utf-8")
    (folder / "merges.txt").write_text("#version: 0.2\n", encoding="utf-8")
