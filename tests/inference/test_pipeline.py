"""Pictures of any kind come out captioned, and a broken one stops no other."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import memecap
from memecap.captioners.base import create
from memecap.core.config import configure
from memecap.errors import DataError, MissingFileError
from memecap.inference.pipeline import Pipeline
from memecap.reading.base import Line, Reader, Reading


class WidthReader(Reader):
    """Reads the picture's width as its text, so that a caption shows which picture it belongs to."""

    version = "width 1"

    def read(self, images: Sequence[Image.Image]) -> list[Reading]:
        return [
            Reading((Line(f"ширина {image.width}", (0, 0, image.width, 9), 0.9),), image.width, image.height, "width 1")
            for image in images
        ]


@pytest.fixture
def captioner() -> Pipeline:
    template = create(configure("captioners", "template"), ())
    return Pipeline(template, WidthReader(), name="template")


def picture(width: int) -> Image.Image:
    return Image.new("RGB", (width, 20), "white")


def test_every_kind_of_source(captioner: Pipeline, tmp_path: Path) -> None:
    buffer = io.BytesIO()
    picture(31).save(buffer, "PNG")
    (tmp_path / "a.png").write_bytes(buffer.getvalue())
    for source in (
        tmp_path / "a.png",
        str(tmp_path / "a.png"),
        buffer.getvalue(),
        picture(31),
        np.asarray(picture(31)),
    ):
        caption = captioner.caption(source)
        assert "ширина 31" in caption.text
        assert caption.quotes[0].text == "ширина 31"
        assert caption.reading and caption.reading.width == 31
        assert caption.seconds and caption.seconds > 0


def test_a_list_keeps_its_order_over_batches(captioner: Pipeline) -> None:
    widths = list(range(10, 80))
    captions = captioner.caption([picture(width) for width in widths])
    assert [caption.reading.width for caption in captions if caption.reading] == widths


def test_a_broken_picture_raises_alone_and_is_reported_in_a_stream(captioner: Pipeline, tmp_path: Path) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"not a picture")
    with pytest.raises(DataError):
        captioner.caption(broken)
    with pytest.raises(MissingFileError):
        captioner.caption(tmp_path / "absent.jpg")
    results = list(captioner.stream([picture(11), broken, picture(13)], batch_size=2))
    assert [bool(result.error) for result in results] == [False, True, False]
    assert results[1].to_json()["file"] == str(broken) and results[1].to_json()["caption"] is None
    assert "ширина 13" in results[2].to_json()["caption"]


def test_no_reader_means_no_quotes() -> None:
    captioner = memecap.load_captioner(reader=None)
    caption = captioner.caption(picture(40))
    assert caption.text and not caption.quotes and caption.reading is None


def test_a_model_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError):
        memecap.load_captioner(tmp_path / "absent")
