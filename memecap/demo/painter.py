"""Paint a scene or a meme of the grammar: in goes a `Scene` or `Meme`, out comes an upright RGB picture.

Styles: white outlined capitals, two-panel comic, caption on a white bar, demotivator, tweet with a picture. Equal input
gives equal pixels; `rng` moves what no sentence tells (stars, trees, the exact size).
"""

from __future__ import annotations

import random

from PIL import Image, ImageDraw

from memecap.demo import scenery
from memecap.demo.characters import character
from memecap.demo.grammar import Meme, Scene
from memecap.demo.lettering import Text, font
from memecap.demo.pen import BLACK, INK, WHITE, Pen

WIDTH = 480  # pixels of a painted meme; everything else is in proportion
_SIDES = {"left": 0.23, "centre": 0.5, "right": 0.77}


def paint_scene(
    scene: Scene, rng: random.Random, *, width: int = WIDTH, height: int | None = None, floor: float = 0.9
) -> Image.Image:
    """One scene, its character standing at `floor` of the height; painted twice as large, then reduced."""
    wide, high = 2 * width, 2 * (height or width)
    image = scenery.backdrop(wide, high, scene.place, scene.sky, rng)
    draw = ImageDraw.Draw(image)
    size = min(high * rng.uniform(0.63, 0.69), wide * 0.5)
    x = wide * (_SIDES[scene.side] + rng.uniform(-0.03, 0.03)) - size / 2
    character(Pen(draw, x, high * (floor + rng.uniform(-0.02, 0.02)) - size, size), scene)
    if scene.sky == "rain":
        scenery.rain(draw, wide, high, rng)
    return image.reduce(2)


def paint(meme: Meme, rng: random.Random, *, width: int = WIDTH) -> Image.Image:
    """The meme as it would stand on a wall."""
    return _STYLES[meme.style](meme, rng, width)


def _caps(meme: Meme, rng: random.Random, width: int) -> Image.Image:
    image = paint_scene(meme.scenes[0], rng, width=width, floor=0.85)
    above, below = (Text(words, font(round(width * 0.058)), width * 0.94) for words in meme.texts)
    for text, top in ((above, width * 0.015), (below, image.height - below.height - width * 0.02)):
        text.write(ImageDraw.Draw(image), (width / 2, top), fill=WHITE, outline=BLACK)
    return image


def _comic(meme: Meme, rng: random.Random, width: int) -> Image.Image:
    texts = [Text(words, font(round(width * 0.05), "DejaVuSans"), width * 0.94) for words in meme.texts]
    gap, high = round(width * 0.02), round(width * 0.46)
    strip = max(text.height for text in texts) + 2 * gap
    image = Image.new("RGB", (width, 2 * (high + strip)), WHITE)
    draw = ImageDraw.Draw(image)
    for i, (scene, text) in enumerate(zip(meme.scenes, texts, strict=True)):
        top = i * (high + strip)
        image.paste(paint_scene(scene, rng, width=width, height=high), (0, top))
        draw.rectangle((0, top, width - 1, top + high), outline=INK, width=max(1, width // 160))
        text.write(draw, (width / 2, top + high + gap), fill=INK)
    return image


def _bar(meme: Meme, rng: random.Random, width: int) -> Image.Image:
    text = Text(meme.texts[0], font(round(width * 0.056), "DejaVuSans"), width * 0.94)
    gap, high = round(width * 0.03), round(width * 0.82)
    strip = text.height + 2 * gap
    image = Image.new("RGB", (width, strip + high), WHITE)
    image.paste(paint_scene(meme.scenes[0], rng, width=width, height=high), (0, strip))
    text.write(ImageDraw.Draw(image), (width * 0.03, gap), fill=INK, anchor="la")
    return image


def _demotivator(meme: Meme, rng: random.Random, width: int) -> Image.Image:
    title = Text(meme.texts[0], font(round(width * 0.064), "DejaVuSerif-Bold"), width * 0.94)
    subtitle = Text(meme.texts[1], font(round(width * 0.05), "DejaVuSerif"), width * 0.94)
    margin, inner, high = round(width * 0.08), round(width * 0.84), round(width * 0.66)
    title_top = margin + high + width * 0.05
    below = title_top + title.height + width * 0.01
    image = Image.new("RGB", (width, round(below + subtitle.height + width * 0.04)), BLACK)
    draw, line = ImageDraw.Draw(image), max(2, width // 100)
    near, right, bottom = margin - line * 2, width - margin + line * 2, margin + high + line * 2
    draw.rectangle((near, near, right, bottom), outline=WHITE, width=line)
    image.paste(paint_scene(meme.scenes[0], rng, width=inner, height=high), (margin, margin))
    title.write(draw, (width / 2, title_top), fill=WHITE)
    subtitle.write(draw, (width / 2, below), fill=WHITE)
    return image


def _tweet(meme: Meme, rng: random.Random, width: int) -> Image.Image:
    margin, avatar = round(width * 0.04), round(width * 0.11)
    inner, high = width - 2 * margin, round(width * 0.68)
    author = Text(meme.author, font(round(width * 0.05)), width)
    text = Text(meme.texts[0], font(round(width * 0.056), "DejaVuSans"), inner)
    text_top = margin * 2 + avatar
    picture_top = text_top + text.height + margin
    image = Image.new("RGB", (width, picture_top + high + margin), WHITE)
    draw = ImageDraw.Draw(image)
    _avatar(Pen(draw, margin, margin, avatar))
    author.write(draw, (margin * 2 + avatar, margin + avatar * 0.22), fill=INK, anchor="la")
    text.write(draw, (margin, text_top), fill=INK, anchor="la")
    image.paste(paint_scene(meme.scenes[0], rng, width=inner, height=high), (margin, picture_top))
    return image


def _avatar(pen: Pen) -> None:
    """Somebody's head and shoulders."""
    pen.draw.ellipse((*pen.at((0, 0)), *pen.at((1, 1))), fill=(29, 155, 240))
    pen.draw.ellipse((*pen.at((0.33, 0.2)), *pen.at((0.67, 0.54))), fill=WHITE)
    pen.draw.chord((*pen.at((0.2, 0.6)), *pen.at((0.8, 1.2))), 180, 360, fill=WHITE)


_STYLES = {"caps": _caps, "comic": _comic, "bar": _bar, "demotivator": _demotivator, "tweet": _tweet}
