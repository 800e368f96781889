"""What a picture is turned into before Tesseract looks at it: each look makes one thing easier to see.

In: an upright RGB picture. Out: a picture and the factor by which its sides grew, so that boxes can be taken back.
"""

from __future__ import annotations

from dataclasses import dataclass

from PIL import Image, ImageOps

LONGEST_SIDE = 2400  # px; larger pictures are shrunk: letters of a meme stay far above the 20 px Tesseract wants


@dataclass(frozen=True, slots=True)
class Look:
    """What happens to a picture; a huge one is shrunk in any case."""

    growth: float = 1.0  # of its sides: what it costs to read grows with the pixels
    keep: int | None = None  # the grey level from which pixels become black, all others white
    inverted: bool = False  # before levels are compared

    def __call__(self, image: Image.Image) -> tuple[Image.Image, float]:
        if self.keep is None:
            return _resized(image, self.growth)
        image, scale = _resized(image.convert("L") if self.growth > 1 else image, self.growth)
        grey = ImageOps.invert(image.convert("L")) if self.inverted else image.convert("L")
        return grey.point([255] * self.keep + [0] * (256 - self.keep)), scale


LOOKS = {
    "plain": Look(),
    "enlarged": Look(growth=1.5),  # small letters of screenshots
    "white": Look(keep=225),  # white letters with a dark outline over a photograph
    "white_enlarged": Look(growth=2.0, keep=210),  # a lower level, because enlarging blurs the edges of letters
    "dark": Look(keep=185, inverted=True),  # dark letters over a coloured or busy background
}


def _resized(image: Image.Image, factor: float) -> tuple[Image.Image, float]:
    scale = min(factor, LONGEST_SIDE / max(image.size))
    if scale == 1.0:
        return image, 1.0
    size = tuple(max(round(side * scale), 1) for side in image.size)
    return image.resize((size[0], size[1]), Image.Resampling.BICUBIC), scale
