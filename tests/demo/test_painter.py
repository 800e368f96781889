"""The painter: it paints what the grammar says, the same way each time."""

from __future__ import annotations

import random
import shutil
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageDraw

from memecap.demo import grammar, lettering, scenery
from memecap.demo.characters import character
from memecap.demo.grammar import Meme, Scene
from memecap.demo.painter import paint, paint_scene
from memecap.demo.pen import PAINTS, Pen

SCENE = Scene("ghost", "red", "", "smile", "left", "", "forest")


def _nearness(image: Image.Image, colour: str) -> np.ndarray:
    """Which pixels have nearly the paint of a colour."""
    return np.abs(np.asarray(image, dtype=int) - PAINTS[colour]).sum(axis=2) < 12


def test_equal_seeds_give_equal_pixels():
    meme = grammar.meme(random.Random(1), "wall")
    first, second = (paint(meme, random.Random(7), width=160) for _ in range(2))
    assert first.tobytes() == second.tobytes()


@pytest.mark.parametrize("colour", PAINTS)
def test_the_character_has_its_colour(colour):
    image = paint_scene(replace(SCENE, colour=colour, place="snow"), random.Random(1), width=120)
    share = {other: _nearness(image, other).mean() for other in PAINTS}
    assert max(share, key=share.__getitem__) == colour


@pytest.mark.parametrize(("side", "place"), [("left", 0.23), ("centre", 0.5), ("right", 0.77)])
def test_the_character_stands_where_it_is_said_to(side, place):
    image = paint_scene(replace(SCENE, side=side), random.Random(2), width=120)
    _, columns = _nearness(image, "red").nonzero()
    assert columns.mean() / image.width == pytest.approx(place, abs=0.07)


@pytest.mark.parametrize("trait", ["kind", "wears", "mood"])
def test_every_character_looks_its_own_way(trait):
    table = {"kind": grammar.KINDS, "wears": grammar.WEARS, "mood": grammar.MOODS}[trait]
    drawn = []
    for value in table:
        image = Image.new("RGB", (120, 120), (255, 255, 255))
        character(Pen(ImageDraw.Draw(image), 20, 30, 80), replace(SCENE, **{trait: value}))
        drawn.append(image.tobytes())
    assert len(set(drawn)) == len(table)


def test_every_place_and_weather_looks_its_own_way():
    drawn = [
        scenery.backdrop(90, 90, place, sky, random.Random(3)).tobytes()
        for place in grammar.PLACES
        for sky in (grammar.SKIES if place not in grammar.WITHOUT_SKY else [""])
    ]
    assert len(set(drawn)) == len(drawn)


@pytest.mark.parametrize("style", sorted(set(grammar.STYLES)))
def test_every_style_fits_its_width(style):
    rng = random.Random(5)
    meme = next(meme for meme in iter(lambda: grammar.meme(rng, "wall"), None) if meme.style == style)
    image = paint(meme, rng)
    assert image.mode == "RGB"
    assert image.width == 480
    assert 380 < image.height < 720


def test_lines_are_no_wider_than_asked():
    letters = lettering.font(20)
    text = "преподаватель фотографирует велосипед перед экзаменом"
    lines = lettering.wrap(text, letters, 250)
    assert " ".join(lines) == text
    assert all(letters.getlength(line) <= 250 for line in lines)


@pytest.mark.skipif(shutil.which("tesseract") is None, reason="tesseract is not installed")
def test_what_is_written_can_be_read():
    from memecap.core import config

    meme = Meme("bar", (SCENE,), ("когда сосед прячет чайник на даче",))
    settings = {"name": "tesseract", "languages": "rus", "passes": ["plain-3"], "keep": False}
    (reading,) = config.build("reading", settings).read([paint(meme, random.Random(1))])
    assert "сосед прячет чайник" in reading.text
