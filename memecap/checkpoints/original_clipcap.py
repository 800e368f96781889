"""ClipCap's own checkpoints (`*.pt` of rmokady/CLIP_prefix_caption and its kin) → a captioner with the same captions.

In: a file of `torch.save(model.state_dict())` with a mapper (MLP or transformer) under `clip_project` and a GPT-2 under
`gpt`; the CLIP or ruCLIP it was trained on, and a GPT-2 or ruGPT with its tokenizer. Out: a `clipcap`.
Source: rmokady/CLIP_prefix_caption train.py: MLP, TransformerMapper, ClipCaptionModel; arXiv 2111.09734.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from memecap.captioners.base import TrainableCaptioner
from memecap.core import config, registry, tensors
from memecap.errors import DataError

N_HEADS = 8  # always, whatever the width
_BUFFERS = re.compile(r"\.attn\.(masked_)?bias$")  # masks that transformers once kept among the weights
_LAYER = "clip_project.transformer.layers."


def read(
    path: Path, *, encoder: Mapping[str, Any], decoder: str, normalize: bool = False, stop: str | None = "."
) -> TrainableCaptioner:
    """The captioner of an original checkpoint, in evaluation mode.

    Args:
        encoder: settings of the image encoder it was trained on: ViT-B/32's are {name: clip, model:
            openai/clip-vit-base-patch32}, of Russian offspring {name: ruclip, model: …}.
        decoder: a folder or Hub id of the GPT-2 it began from; the weights come from the checkpoint.
        normalize: it was trained with --normalize_prefix, or on vectors divided by their length.
        stop: the token or text of one token that ends a caption, beside the decoder's end token. Upstream learns no
            end and stops at the first full stop; what was trained with <|endoftext|> after its captions ends there.

    Raises:
        MissingFileError: no such file.
        DataError: not such a checkpoint, or not of this encoder or this GPT-2.
    """
    state = _load(path)
    settings = {
        "name": "clipcap",
        "encoder": dict(encoder),
        "normalize": normalize,
        "stop": stop,
        "decoder": {"model": decoder, "train": "full"},
        **_shape(state, path),
    }
    part = config.configure("captioners", settings)
    captioner: TrainableCaptioner = registry.load("captioners", part.name).from_texts(part, ())
    weights = _mapper(state) | _gpt(state)
    expected = {name: tensor for name, tensor in captioner.state_dict().items() if not name.startswith("encoder.")}
    if wrong := tensors.misfits(weights, expected):
        raise DataError(
            f"the weights do not fit {decoder} behind {encoder.get('model')}: {wrong[0]}",
            where=path,
            fix="Name the encoder and the GPT-2 that the checkpoint was trained with.",
        )
    captioner.load_state_dict(weights, strict=False)
    return captioner.eval()


def _load(path: Path) -> dict[str, Tensor]:
    state: Any = tensors.read_pickle(path, fix="Give the .pt of ClipCap's train.py.")
    if not isinstance(state, dict) or "gpt.transformer.wte.weight" not in state:
        raise DataError("no gpt.transformer.wte.weight in it", where=path, fix="Give the .pt of ClipCap's train.py.")
    return {name: tensor.float() for name, tensor in state.items()}


def _shape(state: Mapping[str, Tensor], path: Path) -> dict[str, Any]:
    """The mapper's settings, read off its weights."""
    width = state["gpt.transformer.wte.weight"].shape[1]
    if (last := state.get("clip_project.model.2.weight")) is not None:
        return {"mapper": "mlp", "prefix_length": len(last) // width}
    if (queries := state.get("clip_project.prefix_const")) is not None:
        return {
            "mapper": "transformer",
            "prefix_length": len(queries),
            "unfold": len(state["clip_project.linear.weight"]) // width,
            "mapper_layers": 1 + max(int(name.split(".")[3]) for name in state if name.startswith(_LAYER)),
            "mapper_heads": N_HEADS,
        }
    raise DataError("neither of ClipCap's two mappers is in it", where=path, fix="Give the .pt of ClipCap's train.py.")


def _mapper(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    if "clip_project.prefix_const" not in state:
        names = [f"{place}.{kind}" for place in (0, 2) for kind in ("weight", "bias")]
        return {f"mapper.layers.{name}": state[f"clip_project.model.{name}"] for name in names}
    made = {
        "mapper.queries": state["clip_project.prefix_const"],
        "mapper.inner.weight": state["clip_project.linear.weight"],
        "mapper.inner.bias": state["clip_project.linear.bias"],
    }
    renamed = {"attn.project": "self_attn.out_proj", "mlp.fc1": "linear1", "mlp.fc2": "linear2"}
    for name, tensor in state.items():
        if not name.startswith(_LAYER):
            continue
        number, part = name.removeprefix(_LAYER).split(".", 1)
        place, _, kind = part.rpartition(".")
        home = f"mapper.layers.layers.{number}"
        if part == "attn.to_queries.weight":
            keys_values = state[f"{_LAYER}{number}.attn.to_keys_values.weight"]
            made[f"{home}.self_attn.in_proj_weight"] = torch.cat([tensor, keys_values])
            made[f"{home}.self_attn.in_proj_bias"] = torch.zeros(3 * len(tensor))  # upstream's have none
        elif place not in ("attn.to_queries", "attn.to_keys_values"):
            made[f"{home}.{renamed.get(place, place)}.{kind}"] = tensor
    return made


def _gpt(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {
        f"decoder.{name.removeprefix('gpt.')}": tensor
        for name, tensor in state.items()
        if name.startswith("gpt.") and not _BUFFERS.search(name)
    }
