"""Pictures of every kind come out upright and RGB; bombs are refused before they are decoded."""

from __future__ import annotations

import io
import subprocess
import sys
import zlib

import numpy as np
import pytest
from PIL import Image, ImageOps

from memecap.pictures.check import PictureError, check

LIMIT = 50_000_000


def scene() -> Image.Image:
    """Red left half, blue right half, a green corner at the top left: every orientation looks different."""
    pixels = np.zeros((40, 60, 3), dtype=np.uint8)
    pixels[:, :30] = (220, 30, 30)
    pixels[:, 30:] = (30, 30, 220)
    pixels[:16, :16] = (30, 200, 30)
    return Image.fromarray(pixels)


def encode(image: Image.Image, image_format: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, image_format, **options)
    return buffer.getvalue()


def copy_of(content: bytes) -> Image.Image:
    picture = check(content, max_pixels=LIMIT)
    image = Image.open(io.BytesIO(content if picture.copy is None else picture.copy))
    assert image.mode == "RGB"
    assert image.size == (picture.width, picture.height)
    return image


def difference(first: Image.Image, second: Image.Image) -> float:
    assert first.size == second.size
    return float(np.abs(np.asarray(first, dtype=float) - np.asarray(second, dtype=float)).mean())


TURNS = {
    1: None, 2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}  # fmt: skip


@pytest.mark.parametrize("orientation", TURNS)
@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP"])
def test_exif_orientations_come_out_upright(orientation: int, image_format: str) -> None:
    turn = TURNS[orientation]
    stored = scene() if turn is None else scene().transpose(turn)
    exif = Image.Exif()
    exif[0x0112] = orientation
    upright = copy_of(encode(stored, image_format, exif=exif))
    assert difference(upright, scene()) < 8
    assert upright.getexif().get(0x0112, 1) == 1
    with Image.open(io.BytesIO(encode(stored, image_format, exif=exif))) as image:  # Pillow agrees
        assert difference(ImageOps.exif_transpose(image).convert("RGB"), scene()) < 8


def test_plain_pictures_are_kept_byte_for_byte() -> None:
    for image_format, extension in (("JPEG", "jpg"), ("PNG", "png"), ("WEBP", "webp")):
        picture = check(encode(scene(), image_format), max_pixels=LIMIT)
        assert (picture.copy, picture.extension, picture.copy_extension) == (None, extension, extension)


def test_transparency_is_laid_on_white() -> None:
    image = scene().convert("RGBA")
    image.putalpha(Image.new("L", image.size, 0))
    assert copy_of(encode(image, "PNG")).getextrema() == ((255, 255),) * 3
    grey = Image.merge("LA", (Image.new("L", (9, 9), 10), Image.new("L", (9, 9), 0)))
    assert copy_of(encode(grey, "PNG")).getextrema() == ((255, 255),) * 3
    palette = Image.new("P", (9, 9), 0)
    palette.putpalette([0, 0, 0, 255, 0, 0])
    assert copy_of(encode(palette, "PNG", transparency=0)).getextrema() == ((255, 255),) * 3
    assert copy_of(encode(Image.new("RGB", (9, 9), 0), "PNG", transparency=(0, 0, 0))).getextrema() == ((255, 255),) * 3


def test_other_colour_models_keep_their_look() -> None:
    assert difference(copy_of(encode(scene().quantize(8), "PNG")), scene()) < 3
    assert difference(copy_of(encode(scene().convert("CMYK"), "JPEG", quality=95)), scene()) < 12
    assert difference(copy_of(encode(scene().convert("L"), "JPEG")), scene().convert("L").convert("RGB")) < 2
    assert difference(copy_of(encode(scene().convert("1"), "PNG")), scene().convert("1").convert("RGB")) == 0
    assert difference(copy_of(encode(scene(), "BMP")), scene()) == 0


def test_sixteen_bit_grey_is_scaled_not_clipped() -> None:
    ramp = np.linspace(0, 65535, 64).astype(np.uint16)[None].repeat(8, axis=0)
    image = copy_of(encode(Image.fromarray(ramp), "PNG"))
    assert np.asarray(image)[0, :, 0].tolist() == (ramp[0] >> 8).tolist()


@pytest.mark.parametrize("image_format", ["GIF", "WEBP", "PNG"])
def test_the_first_frame_of_an_animation(image_format: str) -> None:
    frames = [scene(), Image.new("RGB", (60, 40), "yellow")]
    content = encode(frames[0], image_format, save_all=True, append_images=frames[1:], duration=100)
    assert difference(copy_of(content), scene()) < 8


def png_of(width: int, height: int) -> bytes:
    """A black RGB PNG written by hand: Pillow would need its pixels in memory."""
    compressor = zlib.compressobj(9)
    row = bytes(1 + 3 * width)
    body = b"".join(compressor.compress(row) for _ in range(height)) + compressor.flush()

    def chunk(name: bytes, content: bytes) -> bytes:
        return len(content).to_bytes(4, "big") + name + content + zlib.crc32(name + content).to_bytes(4, "big")

    header = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([8, 2, 0, 0, 0])
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def test_a_bomb_is_refused_before_decoding() -> None:
    content = png_of(12_000, 12_000)
    assert 300_000 < len(content) < 500_000
    code = (
        "import resource, sys, warnings; from memecap.pictures.check import check, PictureError\n"
        "content = sys.stdin.buffer.read(); before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "warnings.simplefilter('error')\n"
        "try: check(content, max_pixels=50_000_000)\n"
        "except PictureError as error: print(error.reason)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)"
    )
    run = subprocess.run([sys.executable, "-c", code], input=content, capture_output=True, check=True)
    reason, extra_kib = run.stdout.split()
    assert reason == b"too_many_pixels"
    assert int(extra_kib) < 50_000


def test_what_is_not_a_picture_has_a_reason() -> None:
    reasons = {}
    jpeg = encode(scene(), "JPEG")
    for name, content in {
        "html": b"<html>404</html>", "empty": b"", "half": jpeg[: len(jpeg) // 2], "tiff": encode(scene(), "TIFF"),
        "header": jpeg[:20], "png": encode(scene(), "PNG")[:60],
    }.items():  # fmt: skip
        with pytest.raises(PictureError) as caught:
            check(content, max_pixels=LIMIT)
        reasons[name] = caught.value.reason
    assert reasons["html"] == reasons["empty"] == reasons["tiff"] == "not_an_image"
    assert reasons["half"] == reasons["png"] == "broken"
    with pytest.raises(PictureError, match="too_many_pixels"):
        check(jpeg, max_pixels=60 * 40 - 1)


def test_damaged_files_never_crash() -> None:
    rng = np.random.default_rng(0)
    for image_format in ("JPEG", "PNG", "GIF", "WEBP", "BMP"):
        content = encode(scene(), image_format)
        for _ in range(60):
            damaged = bytearray(content)
            for place in rng.integers(0, len(content), 4):
                damaged[place] = rng.integers(0, 256)
            try:
                check(bytes(damaged), max_pixels=LIMIT)
            except PictureError as error:
                assert error.reason in ("broken", "not_an_image", "too_many_pixels")
