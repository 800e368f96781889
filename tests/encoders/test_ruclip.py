"""ruCLIP against the original's formulas, restated here with plain tensor operations on the original weights."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from tiny_models import yttm
from torch.nn import functional

from tests.encoders.originals import encoder_of, original_of


def _norm(x, state, name):
    return functional.layer_norm(x, x.shape[-1:], state[f"{name}.weight"], state[f"{name}.bias"])


def _blocks(x, state, prefix, n_layers, n_heads, mask=None):
    """Residual attention blocks of OpenAI's CLIP, one head at a time. x: [T W] of one example."""
    for layer in range(n_layers):
        at = f"{prefix}transformer.resblocks.{layer}."
        h = _norm(x, state, at + "ln_1")
        q, k, v = (h @ state[at + "attn.in_proj_weight"].T + state[at + "attn.in_proj_bias"]).chunk(3, dim=-1)
        heads = []
        for a, b, c in zip(q.chunk(n_heads, -1), k.chunk(n_heads, -1), v.chunk(n_heads, -1), strict=True):
            scores = a @ b.T / a.shape[-1] ** 0.5
            heads.append((scores if mask is None else scores + mask).softmax(-1) @ c)
        x = x + torch.cat(heads, -1) @ state[at + "attn.out_proj.weight"].T + state[at + "attn.out_proj.bias"]
        h = _norm(x, state, at + "ln_2") @ state[at + "mlp.c_fc.weight"].T + state[at + "mlp.c_fc.bias"]
        h = h * torch.sigmoid(1.702 * h)
        x = x + h @ state[at + "mlp.c_proj.weight"].T + state[at + "mlp.c_proj.bias"]
    return x


def _original_image(state, settings, pixels):
    size = settings["vision_patch_size"]
    patches = functional.conv2d(pixels[None], state["visual.conv1.weight"], stride=size)[0].flatten(1).T
    x = torch.cat([state["visual.class_embedding"][None], patches]) + state["visual.positional_embedding"]
    x = _norm(x, state, "visual.ln_pre")
    x = _blocks(x, state, "visual.", settings["vision_layers"], settings["vision_width"] // 64)
    return _norm(x[0], state, "visual.ln_post") @ state["visual.proj"]


def _original_text(state, settings, ids):
    x = state["token_embedding.weight"][ids] + state["positional_embedding"]
    mask = torch.full((len(ids), len(ids)), float("-inf")).triu(1)
    x = _blocks(x, state, "", settings["transformer_layers"], settings["transformer_heads"], mask)
    return _norm(x, state, "ln_final")[ids.index(3)] @ state["text_projection"]


@torch.no_grad()
def test_image_vectors_are_the_originals(tiny_models: Path) -> None:
    state, settings = original_of(tiny_models / "ruclip")
    pixels = torch.randn(3, 3, 32, 32)
    ours = encoder_of(tiny_models / "ruclip")(pixels)
    for vector, one in zip(ours, pixels, strict=True):
        assert (vector[0] - _original_image(state, settings, one)).abs().max() <= 1e-5


@torch.no_grad()
def test_text_vectors_are_the_originals(tiny_models: Path) -> None:
    state, settings = original_of(tiny_models / "ruclip")
    texts = ["Кот", "пёс и кот бегут по полю и ещё много слов подряд", ""]
    ours = encoder_of(tiny_models / "ruclip").text_features(texts)
    for vector, ids in zip(ours, yttm().frame(texts, settings["context_length"]), strict=True):
        assert (vector - _original_text(state, settings, ids)).abs().max() <= 1e-5


@pytest.mark.parametrize("size", [(40, 53), (53, 40), (32, 32), (7, 100), (301, 300)])
def test_pixels_are_the_originals(tiny_models: Path, size: tuple[int, int]) -> None:
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8))
    side, (width, height) = min(size), size
    top, left = (height - side) // 2, (width - side) // 2
    square = np.asarray(image)[top : top + side, left : left + side]
    expected = np.asarray(Image.fromarray(square).resize((32, 32), Image.BILINEAR), dtype=np.float32) / 255
    mean, std = np.array([0.48145466, 0.4578275, 0.40821073]), np.array([0.26862954, 0.26130258, 0.27577711])
    ours = encoder_of(tiny_models / "ruclip").transform(image)
    back = ours.permute(1, 2, 0).numpy() * std + mean
    assert np.array_equal((back * 255).round(), (expected * 255).round())
    assert np.abs(ours.permute(1, 2, 0).numpy() - (expected - mean) / std).max() < 1e-6


def test_grid_is_one_vector_a_patch(tiny_models: Path) -> None:
    encoder = encoder_of(tiny_models / "ruclip", "grid")
    assert encoder(torch.randn(2, 3, 32, 32)).shape == (2, encoder.n_tokens, encoder.width) == (2, 4, 64)
