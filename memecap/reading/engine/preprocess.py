"""What a picture is turned into before Tesseract looks at it: each function makes one thing easier to see.

In: an upright RGB picture. Out: a picture and the factor by which its sides grew, so that boxes can be taken back.
"""

from __future__ import annotations

from collections.abc import Callable

from PIL import Image, ImageOps

LONGEST_SIDE = 2400  # px; larger pictures are shrunk: letters of a meme stay far above the 20 px Tesseract wants

ENLARGED, WHITE_ENLARGED = 1.5, 2.0
#: grey levels from which a pixel is kept, of the inverted picture for the last; lower where enlarging blurred edges
NEAR_WHITE, NEAR_WHITE_ENLARGED, NEAR_BLACK = 225, 210, 185

Look = Callable[[Image.Image], tuple[Image.Image, float]]


def plain(image: Image.Image) -> tuple[Image.Image, float]:
    """As it is, unless it is huge."""
    return _resized(image, 1.0)


def enlarged(image: Image.Image) -> tuple[Image.Image, float]:
    """Half as large again: small letters of screenshots."""
    return _resized(image, ENLARGED)


def white(image: Image.Image) -> tuple[Image.Image, float]:
    """Near-white pixels black on white: white letters with a dark outline over a photograph."""
    image, scale = _resized(image, 1.0)
    return _keep(image.convert("L"), NEAR_WHITE), scale


def white_enlarged(image: Image.Image) -> tuple[Image.Image, float]:
    """Near-white pixels at twice the size; a lower threshold, because enlarging blurs the edges of letters."""
    image, scale = _resized(image.convert("L"), WHITE_ENLARGED)
    return _keep(image, NEAR_WHITE_ENLARGED), scale


def dark(image: Image.Image) -> tuple[Image.Image, float]:
    """Near-black pixels black on white: dark letters over a coloured or busy background."""
    image, scale = _resized(image, 1.0)
    return _keep(ImageOps.invert(image.convert("L")), NEAR_BLACK), scale


LOOKS: dict[str, Look] = {
    "plain": plain,
    "enlarged": enlarged,
    "white": white,
    "white_enlarged": white_enlarged,
    "dark": dark,
}
#: by how much a look makes the sides grow, where it does: what it costs to read grows with the pixels
GROWTH = {"enlarged": ENLARGED, "white_enlarged": WHITE_ENLARGED}


def _keep(grey: Image.Image, threshold: int) -> Image.Image:
    return grey.point([255] * threshold + [0] * (256 - threshold))


def _resized(image: Image.Image, factor: float) -> tuple[Image.Image, float]:
    scale = min(factor, LONGEST_SIDE / max(image.size))
    if scale == 1.0:
        return image, 1.0
    size = tuple(max(round(side * scale), 1) for side in image.size)
    return image.resize((size[0], size[1]), Image.Resampling.BICUBIC), scale
