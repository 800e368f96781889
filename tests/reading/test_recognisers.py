"""From columns of letters to words, and the recognisers that need a program or the network."""

from __future__ import annotations

import shutil
import sys
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from memecap.errors import ServiceError
from memecap.reading.recognisers import base, eslav
from memecap.reading.recognisers.ctc import pieces
from memecap.reading.recognisers.tesseract import Lines

LETTERS = ["", *"котми ", " "]


def columns(path: str) -> np.ndarray:
    """One column a letter, `_` the blank, each .9 sure."""
    likely = np.full((len(path), len(LETTERS)), 0.01, np.float32)
    for number, letter in enumerate(path):
        likely[number, 0 if letter == "_" else LETTERS.index(letter)] = 0.9
    return likely


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("_к_о_т_", ["кот"]),
        ("ккоотт", ["кот"]),
        ("о_о", ["оо"]),
        ("кот  и__ ким", ["кот", "и", "ким"]),
        ("  __ ", []),
        ("", []),
        (" т ", ["т"]),
    ],
)
def test_the_most_likely_path_is_words(path, words):
    found = pieces(columns(path), LETTERS)
    assert [piece.text for piece in found] == words
    assert all(0 <= piece.left < piece.right <= 1 for piece in found)
    assert all(before.right <= after.left + 0.1 for before, after in pairwise(found))
    assert all(piece.confidence == pytest.approx(0.9) for piece in found)


def test_padding_is_no_part_of_the_line():
    (whole,), (half,) = pieces(columns("____кот_"), LETTERS), pieces(columns("____кот_" + 8 * "_"), LETTERS, share=0.5)
    assert (half.left, half.right) == pytest.approx((whole.left, whole.right))
    assert whole.left == pytest.approx(4 / 8, abs=0.07)
    assert whole.right == pytest.approx(7 / 8, abs=0.07)


@pytest.mark.skipif(shutil.which("tesseract") is None, reason="tesseract is not installed")
@pytest.mark.parametrize(("ink", "paper"), [("black", "white"), ("white", "black"), ("yellow", "navy")])
def test_tesseract_reads_a_line_whatever_its_colours(ink, paper):
    from matplotlib import font_manager

    line = Image.new("RGB", (330, 40), paper)
    font = ImageFont.truetype(font_manager.findfont("DejaVu Sans"), 24)
    ImageDraw.Draw(line).text((8, 5), "когда сдал сессию", fill=ink, font=font)
    empty = Image.new("RGB", (60, 20), "white")
    read, nothing, tiny = Lines().recognise([np.asarray(line), np.asarray(empty), np.zeros((1, 1, 3), np.uint8)])
    assert [piece.text for piece in read] == ["когда", "сдал", "сессию"]
    assert all(piece.confidence < 0.3 for piece in [*nothing, *tiny])
    starts = [font.getlength(text) + 8 for text in ("", "когда ", "когда сдал ")]
    assert [piece.left * 330 for piece in read] == pytest.approx(starts, abs=8)


def test_no_crops_no_words():
    if shutil.which("tesseract"):
        assert Lines().recognise([]) == []


def test_the_east_slavic_recogniser_says_where_it_comes_from_when_offline(monkeypatch, tmp_path):
    import requests

    def refuse(*_: object, **__: object) -> None:
        raise requests.ConnectionError("no network")

    monkeypatch.setenv("MEMECAP_CACHE", str(tmp_path))
    monkeypatch.delenv("MEMECAP_ESLAV", raising=False)
    monkeypatch.setattr(requests, "get", refuse)
    with pytest.raises(ServiceError) as caught:
        base.load("eslav")
    assert caught.value.where == eslav.ADDRESS
    assert "MEMECAP_ESLAV" in str(caught.value.fix)


def test_what_is_not_the_east_slavic_recogniser_is_not_kept(monkeypatch, tmp_path):
    import requests

    answer = SimpleNamespace(content=b"a page of a hotel", raise_for_status=lambda: None)
    monkeypatch.setenv("MEMECAP_CACHE", str(tmp_path))
    monkeypatch.delenv("MEMECAP_ESLAV", raising=False)
    monkeypatch.setattr(requests, "get", lambda *_, **__: answer)
    with pytest.raises(ServiceError, match="hash"):
        base.load("eslav")
    assert list(tmp_path.iterdir()) == []


def test_rapidocr_itself_is_never_imported():
    assert "rapidocr" not in sys.modules
