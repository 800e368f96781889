"""Where a captioner looked at each word of a caption, as one picture: a panel for each word.

In: a captioner with attention, a picture, the caption it wrote. Out: a picture of panels; each shows what the encoder
sees, bright where the word's attention lies.
N cells of a square grid, H W pixels of the encoder.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float
from PIL import Image, ImageDraw
from torch import Tensor

from memecap.captioners.base import Captioner
from memecap.core import storage
from memecap.errors import UsageError
from memecap.modeling.attention import Attended
from memecap.modeling.batch import Images
from memecap.modeling.outputs import Caption
from memecap.pictures.safe_open import open_picture
from memecap.reading.base import Reading
from memecap.reading.engine.drawing import font

PANEL, LETTERS, COLUMNS = 168, 15, 8  # pixels, pixels, panels in a row
_DARK = 0.25  # how much of the picture is left where nobody looks


@dataclass(frozen=True, slots=True)
class Looked:
    """What the encoder sees of a picture, and for each word how much it looked at each cell of the grid."""

    seen: Image.Image
    words: tuple[str, ...]  # the end of the caption is one of them
    weights: Float[Tensor, "T h w"]  # of a word they sum to 1


@runtime_checkable
class Attends(Protocol):
    """A captioner that can say where it looked."""

    def attend(
        self, images: Images | None, readings: Sequence[Reading | None], captions: Sequence[Caption]
    ) -> list[Attended]: ...


def check(captioner: Captioner, folder: Path | None = None) -> None:
    """Whether `draw` can show where this captioner looks, and `save` write it to a folder.

    Raises:
        UsageError: the captioner has no attention over a square grid of the picture.
        StorageError: the folder cannot be written to.
    """
    encoder = captioner.encoder
    if encoder is None or not isinstance(captioner, Attends):
        told = f"{captioner.config.name} does not look at a grid word by word"
        raise UsageError(told, where="--attention", fix="Take a checkpoint of attention_lstm.")
    if math.isqrt(encoder.n_tokens) ** 2 != encoder.n_tokens:
        raise UsageError("the encoder's image tokens are no square grid", where="--attention", fix="Set output: grid.")
    if folder is not None:
        storage.check_writable(folder)


def save(captioner: Captioner, picture: Path, caption: Caption, folder: Path) -> Path:
    """Draw into `<folder>/<name>.png`; pictures of the same name from several folders are numbered."""
    drawn = draw(captioner, open_picture(picture), caption)
    place, number = folder / f"{picture.stem}.png", 1
    while place.exists():
        number += 1
        place = folder / f"{picture.stem}-{number}.png"
    with storage.atomic_writer(place, "wb") as file:
        drawn.save(file, "PNG")
    return place


def draw(captioner: Captioner, picture: Image.Image, caption: Caption) -> Image.Image:
    """The panels of a caption that `captioner` wrote for an upright RGB picture.

    Raises: as `check`.
    """
    found = looked(captioner, picture, caption)
    words, weights = ["", *found.words], [torch.ones_like(found.weights[:1]), found.weights]  # first, all of it
    return _sheet([_panel(found.seen, row, word) for word, row in zip(words, torch.cat(weights), strict=True)])


def looked(captioner: Captioner, picture: Image.Image, caption: Caption) -> Looked:
    """Where `captioner` looked at each word of a caption that it wrote for an upright RGB picture.

    Raises: as `check`.
    """
    check(captioner)
    encoder = captioner.encoder
    assert encoder is not None and isinstance(captioner, Attends)  # as was checked
    pixels = encoder.transform(picture)
    device = next(captioner.parameters()).device
    (attended,) = captioner.attend(Images(pixels=pixels[None].to(device)), [caption.reading], [caption])
    side = math.isqrt(attended.weights.shape[1])
    return Looked(_as_picture(pixels), attended.words, attended.weights.view(-1, side, side))


def _as_picture(pixels: Float[Tensor, "3 H W"]) -> Image.Image:
    """Normalised pixels as colours: each channel stretched over the whole range."""
    low, high = pixels.amin(dim=(1, 2), keepdim=True), pixels.amax(dim=(1, 2), keepdim=True)
    colours = ((pixels - low) / (high - low).clamp_min(1e-6) * 255).byte()
    return Image.fromarray(colours.permute(1, 2, 0).numpy()).resize((PANEL, PANEL), Image.Resampling.BILINEAR)


def _panel(seen: Image.Image, weights: Float[Tensor, "h w"], word: str) -> Image.Image:
    panel = Image.new("RGB", (PANEL, PANEL + LETTERS + 6), "white")
    light = weights / weights.max().clamp_min(1e-9) * (1 - _DARK) + _DARK
    mask = Image.fromarray((light * 255).to(torch.uint8).numpy()).resize(seen.size, Image.Resampling.BICUBIC)
    lit = np.asarray(seen, dtype=np.float32) * (np.asarray(mask, dtype=np.float32) / 255)[..., None]
    panel.paste(Image.fromarray(lit.astype(np.uint8)), (0, LETTERS + 6))
    ImageDraw.Draw(panel).text((3, 2), word, fill="black", font=font(LETTERS))
    return panel


def _sheet(panels: list[Image.Image]) -> Image.Image:
    width, height = panels[0].size
    n_rows = -(-len(panels) // COLUMNS)
    sheet = Image.new("RGB", (min(len(panels), COLUMNS) * (width + 4), n_rows * (height + 4)), "white")
    for place, panel in enumerate(panels):
        sheet.paste(panel, (place % COLUMNS * (width + 4), place // COLUMNS * (height + 4)))
    return sheet
