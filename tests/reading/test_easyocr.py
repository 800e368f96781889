"""EasyOCR behind our door: a stand-in for the package shows what is asked of it and what becomes of its answer."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from memecap.core import config
from memecap.errors import ServiceError


@pytest.fixture
def package(monkeypatch):
    calls = []

    class Engine:
        def __init__(self, languages, **settings):
            calls.append((languages, settings))

        def readtext(self, pixels):
            assert pixels.dtype == np.uint8
            assert pixels.shape == (100, 300, 3)
            return [
                ([[120, 12], [200, 10], [200, 30], [120, 32]], "домой", 0.9),
                ([[10, 10], [110, 10], [110, 30], [10, 30]], "пришел", 0.7),
                ([[10, 60], [90, 60], [90, 80], [10, 80]], "home", 0.8),
                ([[250, 60], [260, 60], [260, 70], [250, 70]], "~", 0.1),
            ]

    monkeypatch.setitem(sys.modules, "easyocr", SimpleNamespace(Reader=Engine, __version__="1.7"))
    return calls


def test_pieces_become_lines_in_order(package):
    reader = config.build("reading", "easyocr")
    reading = reader.read([Image.new("RGB", (300, 100))])[0]
    assert package[0][0] == ["ru", "en"]
    assert [(line.text, line.box, line.language) for line in reading.lines] == [
        ("пришел домой", (10, 10, 200, 32), "ru"),
        ("home", (10, 60, 90, 80), "en"),
    ]
    assert reading.lines[0].confidence == 0.8
    assert (reading.width, reading.height, reading.reader) == (300, 100, reader.version)


def test_without_the_package_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "easyocr", None)
    with pytest.raises(ServiceError, match=r"memecap\[easyocr\]"):
        config.build("reading", "easyocr")
