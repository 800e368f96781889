"""The VQGAN of ruDALL-E and RuDOLPH: a picture → the codes of its cells, numbers of a vocabulary and not vectors.

In: upright RGB pictures, squeezed to a square. Out: codes [B N 1], integers, row by row: of each cell the likeliest, so
that they can be kept. (The original draws them with Gumbel noise unless told otherwise; memecap never does.)
Source: ai-forever/ru-dalle rudalle/vae, after CompVis/taming-transformers (Esser et al., arXiv 2012.09841); the network
is transformers' of Chameleon, which has the same tensors by the same names.

B pictures of H · W pixels, N = H · W / f² cells, Z latent channels.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float, Int
from numpy import asarray
from PIL import Image
from pydantic import Field
from torch import Tensor, nn
from transformers.models.chameleon.configuration_chameleon import ChameleonVQVAEConfig
from transformers.models.chameleon.modeling_chameleon import ChameleonVQVAEEncoder

from memecap.core import hub, storage, tensors
from memecap.core.config import PartConfig
from memecap.encoders.base import ImageEncoder, fingerprint
from memecap.errors import ConfigError, DataError

_PARTS = ("encoder.", "quant_conv.", "quantize.proj.")  # the rest of a VQGAN paints or judges
_FIX = "Give the checkpoint of a VQGAN with Gumbel quantization, such as vqgan.gumbelf8-sber.model.ckpt."


class VQGAN(ImageEncoder):
    """The half of a VQGAN that looks. Its sizes are read off its tensors."""

    class Config(PartConfig):
        name: str = "vqgan"
        model: str = Field("sberbank-ai/rudalle-utils", description="a folder or a Hub id")
        file: str = Field("vqgan.gumbelf8-sber.model.ckpt", description="the checkpoint in it")
        side: int = Field(128, ge=1, description="pixels of the square that a picture is squeezed to")

    config: Config
    n_codes: int

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        path = hub.fetch(config.model, (config.file,)) / config.file
        state = _state(path)
        try:
            shape = _shape(state)
            self.encoder: Any = ChameleonVQVAEEncoder(shape)
            outer = (state["quant_conv.weight"].shape, state["quantize.proj.weight"].shape)
            self.quant_conv, proj = (nn.Conv2d(size[1], size[0], 1) for size in outer)
            self.quantize = nn.ModuleDict({"proj": proj})
            self.load_state_dict(state)
        except (KeyError, ValueError, IndexError, RuntimeError, ZeroDivisionError) as error:
            what = f"not a VQGAN's weights: {str(error).splitlines()[0]}"
            raise DataError(what, where=path, fix=_FIX) from error
        factor = 2 ** (len(shape.channel_multiplier) - 1)
        if config.side % factor:
            what = f"{config.side} pixels are not a whole number of cells of {factor}"
            raise ConfigError(what, where="encoder.side", fix=f"Take a multiple of {factor}.")
        self.n_tokens, self.width = (config.side // factor) ** 2, 1
        self.n_codes = int(outer[1][0])

    def transform(self, image: Image.Image) -> Float[Tensor, "3 H W"]:
        square = image.convert("RGB").resize((self.config.side, self.config.side), Image.Resampling.BILINEAR)
        return torch.from_numpy(asarray(square).copy()).permute(2, 0, 1).float().div(255)

    def forward(self, pixels: Float[Tensor, "B 3 H W"]) -> Int[Tensor, "B N 1"]:
        with torch.autocast(pixels.device.type, enabled=False):  # rounded sums have other codes
            scores = self.quantize["proj"](self.quant_conv(self.encoder(2 * pixels.float() - 1)))
        codes: Tensor = scores.argmax(dim=1).flatten(1)[..., None]
        return codes.to(torch.int16 if self.n_codes <= 1 << 15 else torch.int32)

    @property
    def fingerprint(self) -> str:
        return fingerprint(self, ["vqgan: squeezed, bilinear", self.config.side], "codes")

    def save(self, folder: Path) -> None:
        write(folder / self.config.file, self.state_dict())


def write(path: Path, state: Mapping[str, Tensor]) -> None:
    """The tensors of a VQGAN by their original names, as a checkpoint of it."""
    buffer = io.BytesIO()
    torch.save({"state_dict": {name: tensor.detach().cpu() for name, tensor in state.items()}}, buffer)
    storage.write_bytes(path, buffer.getvalue())


def _state(path: Path) -> dict[str, Tensor]:
    held: Any = tensors.read_pickle(path, fix=_FIX)
    held = held.get("state_dict", held) if isinstance(held, Mapping) else {}
    state = {name: tensor.float() for name, tensor in held.items() if name.startswith(_PARTS)}
    if not state:
        raise DataError("no weights of a VQGAN in it", where=path, fix=_FIX)
    return state


def _shape(state: Mapping[str, Tensor]) -> ChameleonVQVAEConfig:
    """The sizes of the encoder. Raises `KeyError` and its kin where tensors are missing."""
    places = [name.split(".") for name in state if name.startswith("encoder.down.")]
    n_levels = 1 + max(int(place[2]) for place in places)
    n_blocks = 1 + max(int(place[4]) for place in places if place[3] == "block")
    base = len(state["encoder.conv_in.weight"])
    widths = [len(state[f"encoder.down.{level}.block.0.conv1.weight"]) for level in range(n_levels)]
    attentive = {int(place[2]) for place in places if place[3] == "attn"}
    resolution = 2**n_levels  # any will do: it only says at which levels there is attention
    return ChameleonVQVAEConfig(
        base_channels=base,
        channel_multiplier=[width // base for width in widths],
        num_res_blocks=n_blocks,
        attn_resolutions=[resolution >> level for level in sorted(attentive)],
        resolution=resolution,
        latent_channels=len(state["encoder.conv_out.weight"]),
        in_channels=state["encoder.conv_in.weight"].shape[1],
    )
