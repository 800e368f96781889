"""Pictures come out upright, in RGB, and never cost more memory than they should."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from memecap.errors import DataError, MissingFileError, StorageError
from memecap.pictures.safe_open import find_pictures, open_picture


def encode(image: Image.Image, format: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def corner_picture() -> Image.Image:
    """40 × 20 with a red upper left quarter, so that every rotation and mirror shows."""
    image = Image.new("RGB", (40, 20), "blue")
    image.paste("red", (0, 0, 20, 10))
    return image


STORED_AS = {  # EXIF orientation → how the upright picture must be turned to be stored with that tag
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


@pytest.mark.parametrize("orientation", STORED_AS)
def test_exif_orientations_come_out_upright(orientation: int) -> None:
    turn = STORED_AS[orientation]
    stored = corner_picture() if turn is None else corner_picture().transpose(turn)
    exif = Image.Exif()
    exif[0x0112] = orientation
    opened = open_picture(encode(stored, "PNG", exif=exif))
    assert np.array_equal(np.asarray(opened), np.asarray(corner_picture()))


@pytest.mark.parametrize("mode", ["RGB", "L", "P", "1", "CMYK"])
def test_modes_become_rgb(mode: str) -> None:
    image = corner_picture().convert(mode)
    opened = open_picture(encode(image, "TIFF" if mode == "CMYK" else "PNG"))
    assert opened.mode == "RGB" and opened.size == (40, 20)
    assert np.array_equal(np.asarray(opened), np.asarray(image.convert("RGB")))


@pytest.mark.parametrize("mode", ["RGBA", "LA", "PA"])
def test_transparent_parts_are_white(mode: str) -> None:
    image = Image.new("RGBA", (4, 4), (0, 0, 0, 0)).convert("LA" if mode == "LA" else "RGBA")
    assert open_picture(image).getpixel((0, 0)) == (255, 255, 255)


def test_sixteen_bit_grey_keeps_its_range() -> None:
    ramp = Image.fromarray(np.linspace(0, 65535, 256, dtype=np.uint16).reshape(16, 16))
    opened = np.asarray(open_picture(encode(ramp, "PNG")))
    assert opened.min() == 0 and opened.max() == 255 and len(np.unique(opened)) > 200


@pytest.mark.parametrize("format", ["GIF", "WEBP"])
def test_the_first_frame_stands_for_an_animation(format: str) -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "green")]
    content = encode(frames[0], format, save_all=True, append_images=frames[1:], lossless=True)
    red, green, blue = open_picture(content).getpixel((4, 4))
    assert red > 240 and green < 15 and blue < 15


def test_a_huge_png_is_refused_from_its_header() -> None:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", 13_300, 13_300, 8, 2, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    with pytest.raises(DataError, match="13300 × 13300"):
        open_picture(bomb)


@pytest.mark.parametrize("content", [b"", b"<html>not found</html>", encode(corner_picture(), "JPEG")[:300]])
def test_broken_content_is_bad_data(content: bytes) -> None:
    with pytest.raises(DataError):
        open_picture(content)


def test_paths_that_are_not_pictures(tmp_path) -> None:
    with pytest.raises(MissingFileError):
        open_picture(tmp_path / "absent.jpg")
    with pytest.raises(StorageError):
        open_picture(tmp_path)


def test_arrays_and_images_are_taken_as_they_are() -> None:
    array = np.asarray(corner_picture())
    assert np.array_equal(np.asarray(open_picture(array)), array)
    assert np.array_equal(np.asarray(open_picture(corner_picture())), array)
    with pytest.raises(DataError, match="float32"):
        open_picture(array.astype(np.float32))


def test_find_pictures_goes_into_folders_and_skips_hidden_files(tmp_path) -> None:
    (tmp_path / "b").mkdir()
    for name in ("z.JPG", "b/a.png", ".hidden.png", "notes.txt"):
        (tmp_path / name).touch()
    assert [str(p.relative_to(tmp_path)) for p in find_pictures(tmp_path)] == ["b/a.png", "z.JPG"]
