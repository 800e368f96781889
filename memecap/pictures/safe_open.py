"""A picture file → an upright RGB picture, safely: format and size are known before anything is decoded.

Alpha is laid on white (memes with transparent parts are drawn for light pages), the first frame stands for an
animation, EXIF orientation is applied, 16-bit grey is scaled down. A 20 kB PNG can declare
13,300² pixels and cost a gigabyte; `max_pixels` refuses it from its header.
"""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Collection
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import IO

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError, features

from memecap.core import shards
from memecap.core.regular_files import IrregularFileError, open_regular
from memecap.errors import DataError, MissingFileError, StorageError
from memecap.pictures.check import on_white
from memecap.pictures.fetch import fetch, is_url

_AVIF = bool(features.check("avif"))  # from Pillow 11.3 on, where it was built with it
_HEIF = find_spec("pillow_heif") is not None  # the extra `heic`
FORMATS = (  # phones' MPO open as JPEG
    "JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", *(("AVIF",) if _AVIF else ()), *(("HEIF",) if _HEIF else ())
)  # fmt: skip
_READ = {".jpg", ".jpeg", ".png", ".gif", ".webp", ".bmp", ".tif", ".tiff", ".jfif"}
EXTENSIONS = frozenset(_READ | ({".avif"} if _AVIF else set()) | ({".heic", ".heif", ".hif"} if _HEIF else set()))
#: brands of ISO media files (bytes 8 to 12) → what people call the picture, and how to have it read
_BRANDS = {
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1"), ("HEIC", "memecap[heic]")),
    **dict.fromkeys((b"avif", b"avis"), ("AVIF", "pillow>=11.3")),
}
#: pictures that people have in folders and that are not read here
FOREIGN_EXTENSIONS = frozenset({".heic", ".heif", ".hif", ".avif", ".jxl", ".jp2", ".psd", ".svg"}) - EXTENSIONS
MAX_PIXELS = 64_000_000
MAX_BYTES = 4 * MAX_PIXELS  # of a file: no picture that may be decoded needs more


class UnusablePictureError(DataError):
    """What is there is no picture that can be used; `code` is one of not_a_picture, broken_picture, too_many_pixels,
    too_many_bytes."""

    def __init__(self, code: str, what: str, *, where: str | Path, fix: str) -> None:
        super().__init__(what, where=where, fix=fix)
        self.code = code


PictureSource = Path | str | bytes | Image.Image | np.ndarray


def open_picture(source: PictureSource, *, max_pixels: int = MAX_PIXELS) -> Image.Image:
    """Decode a picture: a path, an http(s) URL, the bytes of a file, a Pillow image, or an array [H W], [H W 3] or
    [H W 4] of uint8.

    Raises:
        MissingFileError: no such file.
        StorageError: not a regular file, or one that cannot be read.
        DataError: not a picture of a known format, broken, or larger than `max_pixels`.
        FetchError: the URL cannot be had, or leads into a private network.
    """
    where = str(source) if isinstance(source, str | Path) else f"a picture given as {type(source).__name__}"
    if isinstance(source, Image.Image):
        return _rgb(ImageOps.exif_transpose(source))
    if isinstance(source, np.ndarray):
        return _rgb(ImageOps.exif_transpose(_from_array(source)))
    if not isinstance(source, bytes | str | Path):
        raise DataError(
            f"cannot take a picture from {type(source).__name__}",
            where=where,
            fix="Give a path, bytes, PIL image or array.",
        )
    try:
        with warnings.catch_warnings(), _opened(source) as file:
            warnings.simplefilter("ignore")  # of large pictures and odd metadata: size is checked, broken data raises
            image = _identified(file, where)
            if image.width * image.height > max_pixels:
                what = f"{image.width} × {image.height} pixels are more than {max_pixels:,}"
                raise UnusablePictureError("too_many_pixels", what, where=where, fix="Make the picture smaller.")
            ImageOps.exif_transpose(image, in_place=True)  # a copy of the largest picture would be 192 MB
            return _rgb(image)
    except FileNotFoundError as error:
        raise MissingFileError("no such picture", where=where, fix="Check the path.") from error
    except (IsADirectoryError, PermissionError, IrregularFileError) as error:
        fix = "Check the path and its permissions."
        raise StorageError(f"cannot read: {error.strerror}", where=where, fix=fix) from error
    except Image.DecompressionBombError as error:
        what, fix = f"too many pixels: {error}", "Make the picture smaller."
        raise UnusablePictureError("too_many_pixels", what, where=where, fix=fix) from error
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        # the decoder's own words may quote the file
        fault = "it is cut short" if "truncated" in str(error) else "it cannot be decoded"
        what, fix = f"broken picture: {fault}", "Get the picture again."
        raise UnusablePictureError("broken_picture", what, where=where, fix=fix) from error


def _identified(file: IO[bytes], where: str) -> Image.Image:
    """The picture, not yet decoded; one of a phone's formats that is not read here is called by its name."""
    if _HEIF:
        _register_heif()
    try:
        return Image.open(file, formats=FORMATS)
    except UnidentifiedImageError as error:
        file.seek(0)
        head = file.read(12)
        name, package = _BRANDS.get(head[8:], ("", "")) if head[4:8] == b"ftyp" else ("", "")
        what = f"a picture in {name}, which is not read here" if name else "not a picture of a known format"
        fix = f"pip install '{package}', or convert" if name else "Convert"
        fix += f" it to one of: {', '.join(FORMATS)}."
        raise UnusablePictureError("not_a_picture", what, where=where, fix=fix) from error


@lru_cache(maxsize=1)
def _register_heif() -> None:
    from pillow_heif import register_heif_opener

    register_heif_opener()


def _opened(source: Path | str | bytes) -> IO[bytes]:
    if is_url(source):
        return io.BytesIO(fetch(str(source)))
    return io.BytesIO(source) if isinstance(source, bytes) else _open_file(Path(source))


def _open_file(path: Path) -> IO[bytes]:
    """The file; where there is none, the picture of that path inside a shard of its corpus."""
    if not path.exists() and (content := shards.read(path)) is not None:
        return io.BytesIO(content)
    file = open_regular(path)
    if (size := os.fstat(file.fileno()).st_size) > MAX_BYTES:
        file.close()
        what = f"{size:,} bytes are more than {MAX_BYTES:,}"
        raise UnusablePictureError("too_many_bytes", what, where=path, fix="Give a picture, or make it smaller.")
    return file


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode == "RGB" and "transparency" not in image.info:
        image.load()
        return image
    if image.mode.startswith("I;16") or image.mode in ("I", "F"):
        levels = np.asarray(image, dtype=np.float64)
        image = Image.fromarray((levels / max(255.0, levels.max()) * 255).astype(np.uint8))
    return on_white(image)


def find_pictures(folder: Path, extensions: Collection[str] = EXTENSIONS, *, deep: bool = True) -> list[Path]:
    """The files of a folder and, if `deep`, its subfolders with these endings, sorted; hidden ones are left out."""
    return sorted(
        path
        for path in (folder.rglob("*") if deep else folder.glob("*"))
        if path.suffix.lower() in extensions
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )


def _from_array(array: np.ndarray) -> Image.Image:
    if array.dtype != np.uint8 or array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (3, 4)):
        what = f"an array of {array.dtype} {list(array.shape)} is not a picture"
        raise DataError(what, fix="Give uint8 of shape [H W], [H W 3] or [H W 4].")
    return Image.fromarray(array)
