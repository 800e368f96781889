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

#: settings of ruCLIP → transformers' of the tower
_VISION = {
    "image_resolution": "image_size",
    "vision_layers": "num_hidden_layers",
    "vision_width": "hidden_size",
    "vision_patch_size": "patch_size",
}
_TEXT = {
    "context_length": "max_position_embeddings",
    "vocab_size": "vocab_size",
    "transformer_width": "hidden_size",
    "transformer_heads": "num_attention_heads",
    "transformer_layers": "num_hidden_layers",
}
#: beginnings of OpenAI's names → transformers', apart from the attention's input projection and the final projections
_BEGINNINGS = (
    ("visual.conv1.", "vision_model.embeddings.patch_embedding."),
    ("visual.class_embedding", "vision_model.embeddings.class_embedding"),
    ("visual.positional_embedding", "vision_model.embeddings.position_embedding.weight"),
    ("visual.ln_pre.", "vision_model.pre_layrnorm."),
    ("visual.ln_post.", "vision_model.post_layernorm."),
    ("visual.transformer.resblocks.", "vision_model.encoder.layers."),
    ("token_embedding.", "text_model.embeddings.token_embedding."),
    ("positional_embedding", "text_model.embeddings.position_embedding.weight"),
    ("ln_final.", "text_model.final_layer_norm."),
    ("transformer.resblocks.", "text_model.encoder.layers."),
)
_PARTS = (
    (".attn.out_proj.", ".self_attn.out_proj."),
    (".ln_1.", ".layer_norm1."),
    (".ln_2.", ".layer_norm2."),
    (".mlp.c_fc.", ".mlp.fc1."),
    (".mlp.c_proj.", ".mlp.fc2."),
)


def read(folder: Path) -> CLIPModel:
    """The model of the first two files.

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
    return model.eval()


def write(folder: Path, model: CLIPModel, tokenizer: YttmBPE) -> None:
    """The three files of a CLIP of this kind (quick GELU, end token 3), as ai-forever publishes them."""
    vision, text = model.config.vision_config, model.config.text_config
    settings = {
        "embed_dim": model.config.projection_dim,
        **{ours: getattr(vision, theirs) for ours, theirs in _VISION.items()},
        **{ours: getattr(text, theirs) for ours, theirs in _TEXT.items()},
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
    n_heads = {"num_attention_heads": settings["vision_width"] // 64}
    special = {"bos_token_id": 2, "eos_token_id": END_ID, "pad_token_id": 0}
    return CLIPConfig(
        vision_config=_tower(settings, _VISION) | n_heads,
        text_config=_tower(settings, _TEXT) | special,
        projection_dim=settings["embed_dim"],
    )


def _tower(settings: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    made = {theirs: settings[ours] for ours, theirs in names.items()}
    shape = {"intermediate_size": 4 * made["hidden_size"], "projection_dim": settings["embed_dim"]}
    return made | shape | {"hidden_act": "quick_gelu"}


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
            made[f"{_rename(stem, back=True)}attn.in_proj_{kind}"] = torch.cat(parts)
        elif not re.search(r"self_attn\.[kv]_proj\.|position_ids$", name):
            made[_rename(name, back=True)] = tensor
    return made


def _rename(name: str, *, back: bool = False) -> str:
    """OpenAI's name → transformers'; `back`: transformers' → OpenAI's."""
    for pair in _BEGINNINGS:
        old, new = pair[::-1] if back else pair
        if name.startswith(old):
            name = new + name.removeprefix(old)
            break
    for pair in _PARTS:
        old, new = pair[::-1] if back else pair
        name = name.replace(old, new)
    return name
