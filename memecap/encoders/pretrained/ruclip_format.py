"""ruCLIP's own files ↔ transformers' CLIP: `config.json`, `pytorch_model.bin` in OpenAI's layout, `bpe.model`.

In: a folder of the three files. Out: a `CLIPModel`, and back again.
Source: ai-forever/ru-clip ruclip/model.py; its text tower takes the state at the end token (id 3) under a causal mask.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import CLIPConfig, CLIPModel

from memecap.core import storage, tensors
from memecap.errors import DataError
from memecap.text.yttm import YttmBPE

MEAN = (0.48145466, 0.4578275, 0.40821073)
STD = (0.26862954, 0.26130258, 0.27577711)
END_ID = 3

#: OpenAI's names → transformers', apart from the attention's input projection and the two final projections
_NAMES = (
    (r"^visual\.conv1\.", "vision_model.embeddings.patch_embedding."),
    (r"^visual\.class_embedding$", "vision_model.embeddings.class_embedding"),
    (r"^visual\.positional_embedding$", "vision_model.embeddings.position_embedding.weight"),
    (r"^visual\.ln_pre\.", "vision_model.pre_layrnorm."),
    (r"^visual\.ln_post\.", "vision_model.post_layernorm."),
    (r"^visual\.transformer\.resblocks\.", "vision_model.encoder.layers."),
    (r"^token_embedding\.", "text_model.embeddings.token_embedding."),
    (r"^positional_embedding$", "text_model.embeddings.position_embedding.weight"),
    (r"^ln_final\.", "text_model.final_layer_norm."),
    (r"^transformer\.resblocks\.", "text_model.encoder.layers."),
)
_LAYER_NAMES = (
    (".attn.out_proj.", ".self_attn.out_proj."),
    (".ln_1.", ".layer_norm1."),
    (".ln_2.", ".layer_norm2."),
    (".mlp.c_fc.", ".mlp.fc1."),
    (".mlp.c_proj.", ".mlp.fc2."),
)


def read(folder: Path) -> tuple[CLIPModel, dict[str, Any]]:
    """The model and the settings of `config.json`.

    Raises:
        MissingFileError: a file is not there.
        DataError: the weights do not fit the settings.
    """
    settings = storage.read_json(folder / "config.json")
    path = folder / "pytorch_model.bin"
    state = tensors.read_pickle(path, fix="Fetch all three files of the ruCLIP checkpoint.")
    try:
        model = CLIPModel(clip_config(settings))
        model.load_state_dict(to_transformers(state))
    except Exception as error:  # settings of any kind meet weights of any kind
        raise DataError(
            f"not ruCLIP's weights: {str(error).splitlines()[0]}", where=path, fix="Fetch the checkpoint again."
        ) from error
    return model.eval(), settings


def write(folder: Path, model: CLIPModel, tokenizer: YttmBPE) -> None:
    """The three files of a CLIP of this kind (quick GELU, end token 3), as ai-forever publishes them."""
    vision, text = model.config.vision_config, model.config.text_config
    settings = {
        "embed_dim": model.config.projection_dim,
        "image_resolution": vision.image_size,
        "vision_layers": vision.num_hidden_layers,
        "vision_width": vision.hidden_size,
        "vision_patch_size": vision.patch_size,
        "context_length": text.max_position_embeddings,
        "vocab_size": text.vocab_size,
        "transformer_width": text.hidden_size,
        "transformer_heads": text.num_attention_heads,
        "transformer_layers": text.num_hidden_layers,
        "mean": list(MEAN),
        "std": list(STD),
    }
    buffer = io.BytesIO()
    torch.save(from_transformers(model.state_dict()), buffer)
    storage.write_bytes(folder / "pytorch_model.bin", buffer.getvalue())
    tokenizer.write(folder / "bpe.model")
    storage.write_json(folder / "config.json", settings)


def clip_config(settings: Mapping[str, Any]) -> CLIPConfig:
    """transformers' configuration of a ruCLIP `config.json`. Raises `KeyError` where a setting is missing."""
    width, text_width = settings["vision_width"], settings["transformer_width"]
    common = {"hidden_act": "quick_gelu", "projection_dim": settings["embed_dim"]}
    vision = {
        "hidden_size": width,
        "intermediate_size": 4 * width,
        "num_hidden_layers": settings["vision_layers"],
        "num_attention_heads": width // 64,
        "image_size": settings["image_resolution"],
        "patch_size": settings["vision_patch_size"],
    }
    text = {
        "hidden_size": text_width,
        "intermediate_size": 4 * text_width,
        "num_hidden_layers": settings["transformer_layers"],
        "num_attention_heads": settings["transformer_heads"],
        "max_position_embeddings": settings["context_length"],
        "vocab_size": settings["vocab_size"],
        "bos_token_id": 2,
        "eos_token_id": END_ID,
        "pad_token_id": 0,
    }
    return CLIPConfig(
        vision_config={**vision, **common}, text_config={**text, **common}, projection_dim=settings["embed_dim"]
    )


def to_transformers(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """OpenAI's layout → transformers': names, one input projection of attention → three, projections transposed."""
    made: dict[str, Tensor] = {}
    for name, tensor in state.items():
        tensor = tensor.float()
        if name == "visual.proj":
            made["visual_projection.weight"] = tensor.T.contiguous()
        elif name == "text_projection":
            made["text_projection.weight"] = tensor.T.contiguous()
        elif ".attn.in_proj_" in name:
            kind = name.rsplit("_", 1)[1]
            stem = _rename(name.split("attn.in_proj_")[0]) + "self_attn."
            for part, piece in zip("qkv", tensor.chunk(3), strict=True):
                made[f"{stem}{part}_proj.{kind}"] = piece.clone()
        else:
            made[_rename(name)] = tensor
    return made


def from_transformers(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The inverse of `to_transformers`."""
    made: dict[str, Tensor] = {}
    for name, tensor in state.items():
        if name in ("visual_projection.weight", "text_projection.weight"):
            made["visual.proj" if name.startswith("visual") else "text_projection"] = tensor.T.contiguous()
        elif found := re.fullmatch(r"(.*)self_attn\.q_proj\.(weight|bias)", name):
            stem, kind = found.groups()
            parts = [state[f"{stem}self_attn.{part}_proj.{kind}"] for part in "qkv"]
            made[f"{_rename_back(stem)}attn.in_proj_{kind}"] = torch.cat(parts)
        elif not re.search(r"self_attn\.[kv]_proj\.|position_ids$", name):
            made[_rename_back(name)] = tensor
    return made


def _rename(name: str) -> str:
    for pattern, new in _NAMES:
        name = re.sub(pattern, new, name)
    for old, new in _LAYER_NAMES:
        name = name.replace(old, new)
    return name


def _rename_back(name: str) -> str:
    for pattern, new in _NAMES:
        old = pattern.strip("^$").replace("\\", "")
        if name == new or (new.endswith(".") and name.startswith(new)):
            name = old + name[len(new) :]
            break
    for old, new in _LAYER_NAMES:
        name = name.replace(new, old)
    return name
