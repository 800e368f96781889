"""Places and weather of the painted world: a background for a scene, a little different each time it is painted."""

from __future__ import annotations

import random

from PIL import Image, ImageDraw

from memecap.demo.pen import GOLD, INK, Colour, shade

Draw = ImageDraw.ImageDraw
_SKY_OF_PLACE: dict[str, tuple[Colour, Colour]] = {
    "forest": ((140, 204, 240), (198, 224, 214)),
    "sea": ((120, 192, 244), (206, 226, 232)),
    "mountains": ((150, 196, 236), (222, 214, 204)),
    "city": ((122, 148, 206), (252, 206, 168)),
    "desert": ((252, 214, 150), (246, 220, 172)),
    "room": ((226, 210, 188), (214, 194, 170)),
    "snow": ((128, 168, 214), (176, 202, 230)),
    "space": ((6, 6, 22), (30, 14, 54)),
}
_PALE: Colour = (214, 222, 230)  # the whitest thing painted: pure white is for letters
_DULL = ((108, 118, 132), (164, 172, 180))  # the sky when it rains
_NIGHT = ((22, 30, 74), (70, 86, 140))


def backdrop(width: int, height: int, place: str, sky: str, rng: random.Random) -> Image.Image:
    """The place under its weather, without the character; RGB of the given size in pixels."""
    top, bottom = _SKY_OF_PLACE[place]
    if sky == "rain":
        top, bottom = _DULL
    elif sky == "moon":
        top, bottom = _NIGHT
    jitter = rng.uniform(-0.12, 0.12)
    image = _gradient(width, height, shade(top, jitter), shade(bottom, jitter))
    draw = ImageDraw.Draw(image)
    if sky in _SKIES:
        _SKIES[sky](draw, width, height, rng)
    _PLACES[place](draw, width, height, rng)
    return image


def rain(draw: Draw, width: int, height: int, rng: random.Random) -> None:
    """Drops in front of everything."""
    length = height * 0.07
    for _ in range(70):
        x, y = rng.uniform(0, width), rng.uniform(0, height)
        draw.line((x, y, x - length * 0.3, y + length), fill=(190, 216, 246), width=max(1, width // 160))


def _gradient(width: int, height: int, top: Colour, bottom: Colour) -> Image.Image:
    column = Image.new("RGB", (1, 2))
    column.putdata([top, bottom])
    return column.resize((width, height), Image.Resampling.BILINEAR)


def _sun(draw: Draw, w: int, h: int, rng: random.Random) -> None:
    x, y, r = rng.choice((0.14, 0.86)) * w, h * 0.27, h * 0.11
    for i in range(8):
        draw.pieslice((x - r * 1.9, y - r * 1.9, x + r * 1.9, y + r * 1.9), i * 45, i * 45 + 14, fill=(255, 206, 60))
    draw.ellipse((x - r, y - r, x + r, y + r), fill=(255, 226, 70))


def _moon(draw: Draw, w: int, h: int, rng: random.Random) -> None:
    _stars(draw, w, h, rng, 14)
    x, y, r = rng.choice((0.14, 0.86)) * w, h * 0.27, h * 0.12
    draw.ellipse((x - r, y - r, x + r, y + r), fill=(226, 222, 180))
    for dx, dy, size in ((-0.3, -0.2, 0.22), (0.3, 0.25, 0.28), (0.1, -0.5, 0.14)):
        cx, cy, cr = x + dx * r, y + dy * r, size * r
        draw.ellipse((cx - cr, cy - cr, cx + cr, cy + cr), fill=(200, 194, 150))


def _rainbow(draw: Draw, w: int, h: int, rng: random.Random) -> None:
    x, y, r = w * rng.uniform(0.42, 0.58), h * 0.82, w * 0.52
    band = max(2, round(h * 0.032))
    colours = ((226, 50, 50), (246, 150, 40), (250, 226, 70), (80, 190, 80), (60, 120, 230), (140, 70, 190))
    for i, colour in enumerate(colours):
        s = r - i * band
        draw.arc((x - s, y - s * 1.1, x + s, y + s * 1.1), 180, 360, fill=colour, width=band)


def _clouds(draw: Draw, w: int, h: int, rng: random.Random) -> None:
    for _ in range(4):
        x, y, r = rng.uniform(0, w), rng.uniform(0.02, 0.16) * h, rng.uniform(0.09, 0.14) * h
        for dx in (-1.2, 0, 1.2):
            draw.ellipse((x + dx * r - r * 1.2, y - r, x + dx * r + r * 1.2, y + r), fill=(86, 92, 104))


def _stars(draw: Draw, w: int, h: int, rng: random.Random, count: int) -> None:
    _dots(draw, w, h, rng, count, (0.003, 0.009), (216, 212, 168))


def _dots(draw: Draw, w: int, h: int, rng: random.Random, n: int, radii: tuple[float, float], fill: Colour) -> None:
    for _ in range(n):
        x, y, r = rng.uniform(0, w), rng.uniform(0, h), rng.uniform(*radii) * h
        draw.ellipse((x - r, y - r, x + r, y + r), fill=fill)


def _ground(draw: Draw, w: int, h: int, level: float, fill: Colour) -> None:
    draw.rectangle((0, h * level, w, h), fill=fill)


def _forest(draw: Draw, w: int, h: int, rng: random.Random) -> None:
    _ground(draw, w, h, 0.76, (120, 176, 84))
    for i in range(9):
        x, tall = (i + rng.uniform(0.2, 0.8)) * w / 9, rng.uniform(0.34, 0.5) * h
        green = shade((34, 108, 58), rng.uniform(-0.2, 0.2))
        draw.rectangle((x - w * 0.01, h * 0.7, x + w * 0.01, h * 0.8), fill=(98, 66, 42))
        for step in range(3):
            y, half = h * 0.76 - tall * (0.2 + step * 0.27), w * (0.085 - step * 0.02)
            draw.polygon([(x - half, y + tall * 0.16), (x + half, y + tall * 0.16), (x, y - tall * 0.25)], fill=green)


def _sea(draw: Draw, w: int, h: int, rng: random.Random) -> None:
    _ground(draw, w, h, 0.5, (36, 112, 196))
    for row in range(4):
        y, step = h * (0.55 + row * 0.08), w / 7
        shift = rng.uniform(0, step)
        for i in range(-1, 8):
            x = i * step + shift
            draw.arc((x, y, x + step, y + h * 0.05), 180, 360, fill=(160, 212, 246), width=max(1, h // 90))
    _ground(draw, w, h, 0.88, (238, 216, 160))
    x, y = w * rng.uniform(0.1, 0.9), h * 0.5
    draw.polygon([(x, y - h * 0.16), (x, y - h * 0.02), (x + w * 0.07, y - h * 0.02)], fill=_PALE)
    hull = [(x - w * 0.06, y), (x + w * 0.09, y), (x + w * 0.05, y + h * 0.03), (x - w * 0.03, y + h * 0.03)]
    draw.polygon(hull, fill=(150, 70, 50))


def _mountains(draw: Draw, w: int, h: int, rng: random.Random) -> None:
    for i in range(4):
        x, peak, half = w * (0.1 + i * 0.27) + rng.uniform(-0.05, 0.05) * w, h * rng.uniform(0.2, 0.36), w * 0.25
        grey = shade((108, 112, 132), rng.uniform(-0.15, 0.2))
        draw.polygon([(x - half, h * 0.8), (x, peak), (x + half, h * 0.8)], fill=grey)
        cap, edge = (h * 0.8 - peak) * 0.28, half * 0.28
        zigzag = ((1, 1), (0.4, 0.7), (0, 1), (-0.4, 0.7), (-1, 1))
        teeth = [(x + edge * dx, peak + cap * dy) for dx, dy in zigzag]
        draw.polygon([(x, peak), *teeth], fill=_PALE)
    _ground(draw, w, h, 0.78, (134, 156, 104))


def _city(draw: Draw, w: int, h: int, rng: random.Random) -> None:
    x = 0.0
    while x < w:
        wide, top = w * rng.uniform(0.09, 0.16), h * rng.uniform(0.28, 0.58)
        draw.rectangle((x, top, x + wide, h), fill=shade((52, 52, 74), rng.uniform(-0.3, 0.15)))
        step = w * 0.034
        for column in range(int(wide / step) - 1):
            for row in range(int((h * 0.82 - top) / step) - 1):
                if rng.random() < 0.5:
                    left, upper = x + step * (column + 0.7), top + step * (row + 0.6)
                    draw.rectangle((left, upper, left + step * 0.45, upper + step * 0.5), fill=(252, 216, 110))
        x += wide
    _ground(draw, w, h, 0.86, (58, 58, 66))


def _desert(draw: Draw, w: int, h: int, rng: random.Random) -> None:
    for level, colour in ((0.56, (240, 198, 110)), (0.68, (230, 180, 88)), (0.8, (220, 164, 72))):
        lift, shift = h * rng.uniform(0.04, 0.1), w * rng.uniform(0, 0.5)
        draw.ellipse((-shift - w * 0.3, h * level - lift, w * 0.9 - shift, h * 1.5), fill=colour)
        draw.ellipse((w * 0.5 - shift, h * level, w * 2.0 - shift, h * 1.5), fill=colour)
    x = w * rng.uniform(0.05, 0.95)
    draw.polygon([(x - w * 0.12, h * 0.62), (x, h * 0.4), (x + w * 0.12, h * 0.62)], fill=(212, 160, 84))
    draw.polygon([(x, h * 0.4), (x + w * 0.12, h * 0.62), (x + w * 0.03, h * 0.62)], fill=(176, 126, 62))


def _room(draw: Draw, w: int, h: int, rng: random.Random) -> None:
    stripe = w / 13
    tint = rng.choice(((226, 168, 150), (176, 200, 170), (170, 186, 216)))
    for i in range(0, 13, 2):
        draw.rectangle((i * stripe, 0, (i + 1) * stripe, h * 0.8), fill=tint)
    _ground(draw, w, h, 0.8, (160, 108, 66))
    draw.rectangle((0, h * 0.78, w, h * 0.81), fill=(214, 206, 192))
    x = w * rng.choice((0.06, 0.68))
    draw.rectangle((x, h * 0.18, x + w * 0.26, h * 0.5), fill=(150, 208, 244), outline=_PALE, width=max(2, w // 60))
    draw.line((x + w * 0.13, h * 0.18, x + w * 0.13, h * 0.5), fill=_PALE, width=max(2, w // 80))


def _snow(draw: Draw, w: int, h: int, rng: random.Random) -> None:
    _ground(draw, w, h, 0.6, (198, 214, 234))
    draw.ellipse((-w * 0.2, h * 0.5, w * 0.7, h * 0.9), fill=(184, 204, 228))
    _dots(draw, w, h, rng, 45, (0.006, 0.014), _PALE)
    x = w * rng.uniform(0.1, 0.9)
    draw.line((x, h * 0.62, x, h * 0.36), fill=INK, width=max(1, w // 120))
    for step in (0.42, 0.48, 0.54):
        branches = (x - w * 0.05, h * (step - 0.05), x, h * step, x + w * 0.05, h * (step - 0.05))
        draw.line(branches, fill=INK, width=max(1, w // 160))


def _space(draw: Draw, w: int, h: int, rng: random.Random) -> None:
    _stars(draw, w, h, rng, 70)
    x, y, r = w * rng.uniform(0.1, 0.9), h * rng.uniform(0.2, 0.4), h * rng.uniform(0.09, 0.13)
    draw.ellipse((x - r, y - r, x + r, y + r), fill=rng.choice(((206, 120, 80), (96, 170, 190), (190, 150, 210))))
    draw.arc((x - r * 1.8, y - r * 0.5, x + r * 1.8, y + r * 0.5), 0, 360, fill=GOLD, width=max(2, h // 90))
    draw.ellipse((-w * 0.2, h * 0.86, w * 1.2, h * 1.5), fill=(120, 118, 126))


_SKIES = {"sun": _sun, "moon": _moon, "rainbow": _rainbow, "rain": _clouds}
_PLACES = {
    "forest": _forest, "sea": _sea, "mountains": _mountains, "city": _city,
    "desert": _desert, "room": _room, "snow": _snow, "space": _space,
}  # fmt: skip
