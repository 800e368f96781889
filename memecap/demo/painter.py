"""Paint a scene or a meme of the grammar: in goes a `Scene` or `Meme`, out comes an upright RGB picture.

Styles: white outlined capitals, two-panel comic, caption on a white bar, demotivator, tweet with a picture. Equal input
gives equal pixels; `rng` moves what no sentence tells (stars, trees, the exact size).
"""

from __future__ import annotations

import random

from PIL import Image, ImageDraw

from memecap.demo import lettering, scenery
from memecap.demo.characters import character
from memecap.demo.grammar import Meme, Scene
from memecap.demo.pen import INK, WHITE, Pen

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
    return {"caps": _caps, "comic": _comic, "bar": _bar, "demotivator": _demotivator, "tweet": _tweet}[meme.style](
        meme, rng, width
    )


def _caps(meme: Meme, rng: random.Random, width: int) -> Image.Image:
    image = paint_scene(meme.scenes[0], rng, width=width, floor=0.85)
    draw, letters = ImageDraw.Draw(image), lettering.font(round(width * 0.058))
    room = width * 0.94
    below = image.height - lettering.height(meme.texts[1], letters, room) - width * 0.02
    for text, top in zip(meme.texts, (width * 0.015, below), strict=True):
        lettering.write(
            draw, text, centre=width / 2, top=top, width=room, letters=letters, fill=WHITE, outline=(0, 0, 0)
        )
    return image


def _comic(meme: Meme, rng: random.Random, width: int) -> Image.Image:
    letters, gap = lettering.font(round(width * 0.05), "DejaVuSans"), round(width * 0.02)
    high = round(width * 0.46)
    strip = max(lettering.height(text, letters, width * 0.94) for text in meme.texts) + 2 * gap
    image = Image.new("RGB", (width, 2 * (high + strip)), WHITE)
    draw = ImageDraw.Draw(image)
    for i, (scene, text) in enumerate(zip(meme.scenes, meme.texts, strict=True)):
        top = i * (high + strip)
        image.paste(paint_scene(scene, rng, width=width, height=high), (0, top))
        draw.rectangle((0, top, width - 1, top + high), outline=INK, width=max(1, width // 160))
        lettering.write(
            draw, text, centre=width / 2, top=top + high + gap, width=width * 0.94, letters=letters, fill=INK
        )
    return image


def _bar(meme: Meme, rng: random.Random, width: int) -> Image.Image:
    letters, gap = lettering.font(round(width * 0.056), "DejaVuSans"), round(width * 0.03)
    strip = lettering.height(meme.texts[0], letters, width * 0.94) + 2 * gap
    high = round(width * 0.82)
    image = Image.new("RGB", (width, strip + high), WHITE)
    image.paste(paint_scene(meme.scenes[0], rng, width=width, height=high), (0, strip))
    lettering.write(
        ImageDraw.Draw(image), meme.texts[0], centre=0, left=width * 0.03, top=gap, width=width * 0.94,
        letters=letters, fill=INK,
    )  # fmt: skip
    return image


def _demotivator(meme: Meme, rng: random.Random, width: int) -> Image.Image:
    big, small = (
        lettering.font(round(width * 0.064), "DejaVuSerif-Bold"),
        lettering.font(round(width * 0.05), "DejaVuSerif"),
    )
    margin, inner, room = round(width * 0.08), round(width * 0.84), width * 0.94
    high = round(width * 0.66)
    title_top = margin + high + width * 0.05
    below = title_top + lettering.height(meme.texts[0], big, room) + width * 0.01
    image = Image.new(
        "RGB", (width, round(below + lettering.height(meme.texts[1], small, room) + width * 0.04)), (0, 0, 0)
    )
    draw, edge = ImageDraw.Draw(image), max(2, width // 100)
    draw.rectangle(
        (margin - edge * 2, margin - edge * 2, width - margin + edge * 2, margin + high + edge * 2),
        outline=WHITE,
        width=edge,
    )
    image.paste(paint_scene(meme.scenes[0], rng, width=inner, height=high), (margin, margin))
    lettering.write(draw, meme.texts[0], centre=width / 2, top=title_top, width=room, letters=big, fill=WHITE)
    lettering.write(draw, meme.texts[1], centre=width / 2, top=below, width=room, letters=small, fill=WHITE)
    return image


def _tweet(meme: Meme, rng: random.Random, width: int) -> Image.Image:
    name, letters = lettering.font(round(width * 0.05)), lettering.font(round(width * 0.056), "DejaVuSans")
    margin, avatar = round(width * 0.04), round(width * 0.11)
    text_top = margin * 2 + avatar
    picture_top = text_top + lettering.height(meme.texts[0], letters, width - 2 * margin) + margin
    high = round(width * 0.68)
    image = Image.new("RGB", (width, picture_top + high + margin), WHITE)
    draw = ImageDraw.Draw(image)
    draw.ellipse((margin, margin, margin + avatar, margin + avatar), fill=(29, 155, 240))
    draw.ellipse(
        (margin + avatar * 0.33, margin + avatar * 0.2, margin + avatar * 0.67, margin + avatar * 0.54), fill=WHITE
    )
    draw.chord(
        (margin + avatar * 0.2, margin + avatar * 0.6, margin + avatar * 0.8, margin + avatar * 1.2),
        180,
        360,
        fill=WHITE,
    )
    lettering.write(
        draw,
        meme.author,
        centre=0,
        left=margin * 2 + avatar,
        top=margin + avatar * 0.22,
        width=width,
        letters=name,
        fill=INK,
    )
    lettering.write(
        draw, meme.texts[0], centre=0, left=margin, top=text_top, width=width - 2 * margin, letters=letters, fill=INK
    )
    image.paste(paint_scene(meme.scenes[0], rng, width=width - 2 * margin, height=high), (margin, picture_top))
    return image
