"""Bytes from the network → a checked picture: format allow-list, size before decoding, upright RGB.

The original bytes are kept. The copy for training is the same bytes where they already are an upright RGB picture, and
otherwise a new file: JPEG from a JPEG, lossless PNG from anything else. Transparency is laid on white; of an animation
the first frame is taken. Colour profiles are left as they are.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from memecap.pictures.dhash import dhash

FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "BMP")
# a phone's several-picture JPEG is opened as JPEG and then calls itself MPO
_EXTENSIONS = {"JPEG": "jpg", "MPO": "jpg", "PNG": "png", "GIF": "gif", "WEBP": "webp", "BMP": "bmp"}
_ORIENTATION = 0x0112


class PictureError(Exception):
    """Why a picture is not here: one of `download.REASONS`, and for how long a server asked to be left alone."""

    def __init__(self, reason: str, detail: str = "", *, after_s: float = 0.0) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason, self.detail, self.after_s = reason, detail, after_s


@dataclass(frozen=True, slots=True)
class CheckedPicture:
    """A checked picture: what to store, and what is known of it. `copy` is None where the original serves."""

    extension: str
    copy: bytes | None
    copy_extension: str
    width: int
    height: int
    dhash: int


def check(content: bytes, *, max_pixels: int) -> CheckedPicture:
    """Open, measure, decode in full, turn upright and fingerprint. Raises `PictureError`."""
    return check_and_open(content, max_pixels=max_pixels)[0]


def check_and_open(content: bytes, *, max_pixels: int) -> tuple[CheckedPicture, Image.Image]:
    """As `check`, with the upright RGB picture, so that nobody need decode it again."""
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as image:
            if image.width * image.height > max_pixels:
                raise PictureError("too_many_pixels", f"{image.width} x {image.height}")
            image_format = image.format or ""
            orientation = _orientation(image)
            plain = orientation == 1 and _is_plain(image)
            upright = _upright_rgb(image, orientation)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise PictureError("too_many_pixels", str(error)) from error
    except UnidentifiedImageError as error:
        raise PictureError("not_an_image", content[:40].decode("latin-1")) from error
    except (OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError, OverflowError) as error:
        # Pillow's decoders raise all of these on damaged files
        raise PictureError("broken", f"{type(error).__name__}: {error}"[:200]) from error
    extension = _EXTENSIONS[image_format]
    is_jpeg = extension == "jpg"
    picture = CheckedPicture(
        extension=extension,
        copy=None if plain else _encode(upright, is_jpeg=is_jpeg),
        copy_extension=extension if plain else "jpg" if is_jpeg else "png",
        width=upright.width,
        height=upright.height,
        dhash=dhash(upright),
    )
    return picture, upright


def _upright_rgb(image: Image.Image, orientation: int) -> Image.Image:
    """The first frame, decoded in full, turned as `orientation` says, RGB, 8 bits, on white where it is transparent."""
    image.load()
    if orientation != 1:
        image = ImageOps.exif_transpose(image)
    if image.mode == "RGB" and "transparency" not in image.info:
        return image
    if image.mode.startswith("I"):  # 16-bit grey: Pillow's own conversion clips it to white
        grey = np.asarray(image).astype(np.int64)
        return Image.fromarray((np.clip(grey, 0, 65535) >> 8).astype(np.uint8)).convert("RGB")
    return on_white(image)


def on_white(image: Image.Image) -> Image.Image:
    """The picture in RGB, on white where it is transparent."""
    if image.mode not in ("LA", "PA", "La", "RGBa", "RGBA") and "transparency" not in image.info:
        return image.convert("RGB")
    layer = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer).convert("RGB")


def _is_plain(image: Image.Image) -> bool:
    return (
        image.format in ("JPEG", "PNG", "WEBP")
        and image.mode == "RGB"
        and "transparency" not in image.info
        and getattr(image, "n_frames", 1) == 1
    )


def _orientation(image: Image.Image) -> int:
    if image.format == "JPEG" and "exif" not in image.info and "xmp" not in image.info:
        return 1
    try:
        value = image.getexif().get(_ORIENTATION, 1)
    except (SyntaxError, ValueError, OSError, KeyError, TypeError):  # a damaged EXIF block turns nothing
        return 1
    return value if value in range(1, 9) else 1


def _encode(image: Image.Image, *, is_jpeg: bool) -> bytes:
    buffer = io.BytesIO()
    if is_jpeg:
        image.save(buffer, "JPEG", quality=95, subsampling=0)
    else:
        image.save(buffer, "PNG", compress_level=3)
    return buffer.getvalue()
