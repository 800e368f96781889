"""Pictures enter a corpus upright and plain, whatever they were."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageChops, ImageOps, ImageStat

from memecap.core import storage
from memecap.corpora.build.build import build
from tests.corpora.listed import Listed, all_rows, item


@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_stand_upright(paint, tmp_path: Path, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    turned = paint("turned.jpg", 1, exif=exif, quality=95)
    corpus = build(Listed(item("a", turned)), tmp_path / "c")
    (row,) = all_rows(corpus).values()
    path = corpus.image_path(row)
    assert path is not None
    with Image.open(path) as stored, Image.open(turned) as source:
        assert stored.getexif().get(0x0112, 1) == 1
        assert stored.mode == "RGB"
        upright = ImageOps.exif_transpose(source)
        assert stored.size == upright.size
        assert max(ImageStat.Stat(ImageChops.difference(stored, upright)).mean) < 5  # one more pass of JPEG
    assert storage.sha256_file(path) == row.image_id
    assert (path.read_bytes() == turned.read_bytes()) == (orientation == 1)


@pytest.mark.parametrize(
    ("mode", "suffix"),
    [("RGBA", ".png"), ("P", ".gif"), ("LA", ".png"), ("CMYK", ".jpg"), ("I;16", ".png"), ("L", ".jpg")],
)
def test_unusual_pictures_are_kept_as_plain_ones(tmp_path: Path, mode: str, suffix: str) -> None:
    path = tmp_path / f"picture{suffix}"
    gradient = Image.linear_gradient("L")
    deep = Image.fromarray(np.asarray(gradient).astype(np.uint16) * 257)
    (deep if mode == "I;16" else gradient.convert(mode)).save(path)
    corpus = build(Listed(item("a", path)), tmp_path / "c")
    (row,) = all_rows(corpus).values()
    stored = corpus.image_path(row)
    assert stored is not None
    with Image.open(stored) as image:
        assert image.mode in ("RGB", "L")
        assert abs(image.convert("L").getpixel((128, 200)) - 200) <= 8
