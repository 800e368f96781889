"""The VQGAN's codes beside taming's formulas, written out over the file's tensors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from tiny_models import write_vqgan
from torch.nn import functional as F

from memecap.core import manifest
from memecap.encoders.stored import features
from memecap.encoders.vqgan import VQGAN
from memecap.errors import ConfigError, DataError, MissingFileError
from memecap.inference.precision import lower, writing

FILE = "vqgan.gumbelf8-sber.model.ckpt"


def vqgan(folder: Path, **settings: Any) -> VQGAN:
    return VQGAN(VQGAN.Config(model=str(folder), **{"side": 8, **settings})).eval()


def noise(width: int = 30, height: int = 20, seed: int = 0) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8))


def naive(state: dict[str, torch.Tensor], x: torch.Tensor) -> torch.Tensor:
    """Codes [B h w] of pixels in 0..1: down, middle, quantizer; one block a level, attention on the second."""

    def conv(name: str, x: torch.Tensor, **arguments: Any) -> torch.Tensor:
        return F.conv2d(x, state[f"{name}.weight"], state[f"{name}.bias"], **arguments)

    def norm(name: str, x: torch.Tensor) -> torch.Tensor:
        return F.group_norm(x, 32, state[f"{name}.weight"], state[f"{name}.bias"], eps=1e-6)

    def block(name: str, x: torch.Tensor) -> torch.Tensor:
        inner = conv(f"{name}.conv1", F.silu(norm(f"{name}.norm1", x)), padding=1)
        inner = conv(f"{name}.conv2", F.silu(norm(f"{name}.norm2", inner)), padding=1)
        return (conv(f"{name}.nin_shortcut", x) if f"{name}.nin_shortcut.weight" in state else x) + inner

    def attention(name: str, x: torch.Tensor) -> torch.Tensor:
        q, k, v = (conv(f"{name}.{part}", norm(f"{name}.norm", x)).flatten(2) for part in "qkv")
        shares = torch.einsum("bci,bcj->bij", q, k).div(x.shape[1] ** 0.5).softmax(dim=2)
        return x + conv(f"{name}.proj_out", torch.einsum("bij,bcj->bci", shares, v).view_as(x))

    x = conv("encoder.conv_in", 2 * x - 1, padding=1)
    x = block("encoder.down.0.block.0", x)
    x = conv("encoder.down.0.downsample.conv", F.pad(x, (0, 1, 0, 1)), stride=2)
    x = attention("encoder.down.1.attn.0", block("encoder.down.1.block.0", x))
    x = block("encoder.mid.block_2", attention("encoder.mid.attn_1", block("encoder.mid.block_1", x)))
    x = conv("encoder.conv_out", F.silu(norm("encoder.norm_out", x)), padding=1)
    return conv("quantize.proj", conv("quant_conv", x)).argmax(dim=1)


@torch.no_grad()
def test_codes_are_those_of_the_formulas(tiny_models: Path) -> None:
    encoder = vqgan(tiny_models / "vqgan")
    pixels = torch.stack([encoder.transform(noise(seed=seed)) for seed in range(4)])
    state = torch.load(tiny_models / "vqgan" / FILE, weights_only=True)["state_dict"]
    codes = encoder(pixels)
    assert codes.shape == (4, 16, 1) and codes.dtype == torch.int16 and encoder.n_codes == 32
    assert torch.equal(codes[..., 0].long(), naive(state, pixels).flatten(1))
    assert len(codes.unique()) > 2
    assert torch.equal(codes, encoder(pixels))  # nothing is drawn by chance


def test_a_picture_is_squeezed_whole() -> None:
    pixels = VQGAN.transform(_Sized(8), Image.new("RGBA", (3, 900), (255, 0, 51, 255)))  # type: ignore[arg-type]
    assert pixels.shape == (3, 8, 8)
    assert torch.allclose(pixels[:, 0, 0], torch.tensor([1.0, 0.0, 0.2]))


class _Sized:
    def __init__(self, side: int) -> None:
        self.config = VQGAN.Config(side=side)


def test_codes_are_kept_as_integers(tiny_models: Path, tmp_path: Path) -> None:
    (tmp_path / "train" / "images").mkdir(parents=True)
    rows = []
    for seed in range(3):
        noise(seed=seed).save(tmp_path / "train" / "images" / f"{seed}.png")
        rows.append(
            manifest.Row(
                file_name=f"images/{seed}.png", captions=("кот",), image_id=str(seed), group_id=str(seed),
                corpus="noise", split="train",
            )
        )  # fmt: skip
    manifest.finish(tmp_path, "noise", manifest.write_rows(tmp_path, rows))
    encoder = vqgan(tiny_models / "vqgan")
    done = features.extract(manifest.open_corpus(tmp_path), encoder)
    stored = features.load_features(tmp_path, encoder.fingerprint)
    assert done.n_new == 3
    for seed in range(3):
        assert stored[str(seed)].dtype == torch.int16
        assert torch.equal(stored[str(seed)], encoder(encoder.transform(noise(seed=seed))[None])[0])


@torch.no_grad()
def test_bf16_changes_no_code(tiny_models: Path) -> None:
    class Holder(torch.nn.Module):
        """Something with an encoder."""

    encoder = vqgan(tiny_models / "vqgan")
    pixels = torch.stack([encoder.transform(noise(seed=seed)) for seed in range(8)])
    before = encoder(pixels)
    holder = Holder()
    holder.encoder = encoder
    lower(holder, "bf16")  # type: ignore[arg-type]
    with writing("bf16", "cpu"):
        assert torch.equal(encoder(pixels), before)


def test_other_files_are_refused(tiny_models: Path, tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match=r"\.ckpt is not there"):
        vqgan(tmp_path)
    with pytest.raises(ConfigError, match="whole number of cells"):
        vqgan(tiny_models / "vqgan", side=7)
    state = torch.load(tiny_models / "vqgan" / FILE, weights_only=True)["state_dict"]
    for wrong in (
        [1], {"state_dict": {}}, {name: tensor for name, tensor in state.items() if "proj" not in name},
        {name: tensor for name, tensor in state.items() if "mid.block_1.conv2" not in name},
        state | {"quant_conv.weight": torch.ones(3, 3, 1, 1)},
    ):  # fmt: skip
        torch.save(wrong, tmp_path / FILE)
        with pytest.raises(DataError, match="fix:"):
            vqgan(tmp_path)


def test_a_bare_state_is_read_too(tmp_path: Path) -> None:
    write_vqgan(tmp_path)
    first = vqgan(tmp_path).fingerprint
    torch.save(torch.load(tmp_path / FILE, weights_only=True)["state_dict"], tmp_path / FILE)
    assert vqgan(tmp_path).fingerprint == first
