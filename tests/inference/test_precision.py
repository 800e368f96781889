"""bf16 rounds products, and what is added up between them stays in fp32."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_models import TEXTS

from memecap.captioners.base import Captioner, create
from memecap.core import config
from memecap.decoding.greedy import Greedy
from memecap.inference.precision import lower, writing
from memecap.modeling.batch import Images


def captioner_of(models: Path, encoder: str, output: str) -> Captioner:
    torch.manual_seed(0)
    settings: dict[str, Any] = {
        "name": "clipcap", "mapper": "transformer", "mapper_layers": 2, "mapper_heads": 2, "prefix_length": 3,
        "decoder": {"n_layers": 1, "width": 16, "n_heads": 2, "vocab_size": 300},
        "encoder": {"name": encoder, "model": str(models / encoder), "output": output},
    }  # fmt: skip
    return create(config.configure("captioners", settings), TEXTS).eval()


def streams(captioner: Captioner) -> list[tuple[torch.dtype, torch.dtype]]:
    """What goes into and comes out of each layer of the mapper, from now on."""
    seen: list[tuple[torch.dtype, torch.dtype]] = []
    for layer in captioner.mapper.layers.layers:
        layer.register_forward_hook(lambda _, inputs, output: seen.append((inputs[0].dtype, output.dtype)))
    return seen


@pytest.mark.parametrize(("encoder", "output"), [("ruclip", "pooled"), ("ruclip", "grid"), ("vit", "all")])
def test_the_stream_of_the_transformer_mapper_stays_fp32(tiny_models: Path, encoder: str, output: str) -> None:
    captioner = captioner_of(tiny_models, encoder, output)
    lower(captioner, "bf16")
    seen = streams(captioner)
    pixels = torch.rand(2, *captioner.encoder.transform(_picture()).shape)
    with torch.inference_mode(), writing("bf16", "cpu"):
        captioner.generate(Images(pixels=pixels), [None, None], Greedy(max_new_tokens=2))
    assert seen == [(torch.float32, torch.float32)] * 2
    assert captioner.mapper.inner.weight.dtype == torch.bfloat16  # its products are rounded all the same


@pytest.mark.parametrize("name", ["vit", "ruclip", "clip"])
def test_and_so_does_that_of_an_encoder(tiny_models: Path, name: str) -> None:
    captioner = captioner_of(tiny_models, name, "grid")
    lower(captioner, "bf16")
    layers = [part for part in captioner.encoder.modules() if type(part).__name__ in ("ViTLayer", "CLIPEncoderLayer")]
    seen: list[torch.dtype] = []
    for layer in layers:
        layer.register_forward_hook(lambda _, inputs, __: seen.append(inputs[0].dtype))
    with torch.inference_mode(), writing("bf16", "cpu"):
        captioner.encoder(torch.rand(1, *captioner.encoder.transform(_picture()).shape))
    assert seen == [torch.float32] * len(layers) and layers


def test_so_it_does_in_training(tiny_models: Path) -> None:
    captioner = captioner_of(tiny_models, "ruclip", "pooled").train()
    seen = streams(captioner)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        captioner.mapper(torch.rand(2, 1, captioner.encoder.width))
    assert seen == [(torch.float32, torch.float32)] * 2


def _picture() -> Any:
    from PIL import Image

    return Image.new("RGB", (40, 40), "red")
