"""Lines of text painted as memes show them: letters, outlines and shadows on plain colours or pictures, then worn."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import ImageFont

from recogniser.fonts import Fonts, extent, opened
from recogniser.texts import Sources, line

HEIGHT = 32  # pixels of a line as the network sees it
_WIDEST = 640
Grey = NDArray[np.uint8]  # (height, width)
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Ink:
    """Letters without colour: how far each pixel is covered by the letters, and by the letters with their outline."""

    fill: Floats  # (height, width), 0..1
    outline: Floats  # (height, width), 0..1; covers `fill` too
    box: tuple[int, int, int, int]  # left, top, right, bottom of the line among its margins


class Painter:
    """Paints line after line, each from its number alone, so that workers and repeated runs paint the same ones."""

    def __init__(self, sources: Sources, fonts: Fonts, backgrounds: Sequence[Grey], seed: int) -> None:
        self._sources, self._fonts, self._backgrounds, self._seed = sources, fonts, backgrounds, seed
        self._last: tuple[int, Ink, str] | None = None

    def paint(self, number: int) -> tuple[Grey, str]:
        """Line `number`: a grey picture HEIGHT pixels high, and what it says."""
        rng = random.Random(f"{self._seed} {number}")
        ink, text = self._letters(number // 2)
        return _worn(rng, _cut(rng, self._coloured(rng, ink), ink.box)), text

    def _letters(self, pair: int) -> tuple[Ink, str]:
        """The letters of a pair of lines, which are coloured and cut apart: drawing letters is what takes the time."""
        if self._last is None or self._last[0] != pair:
            rng = random.Random(f"{self._seed} letters {pair}")
            text = line(rng, self._sources)
            place = rng.choices(range(len(self._fonts.paths)), self._fonts.weights)[0]
            while not set(text) - {" "} <= self._fonts.characters[place]:
                place = rng.choices(range(len(self._fonts.paths)), self._fonts.weights)[0]
            ink = _ink(rng, text, str(self._fonts.paths[place]), line(rng, self._sources))
            self._last = pair, ink, text
        return self._last[1:]

    def _coloured(self, rng: random.Random, ink: Ink) -> Grey:
        """The letters in their colours on a background."""
        height, width = ink.fill.shape
        ground, plain = self._ground(rng, height, width)
        mean = float(ground.mean())
        outlined = rng.random() < (0.25 if plain else 0.6)
        if outlined:
            letters, border = _outline_colours(rng)
            ground = ground + (border - ground) * ink.outline
        else:
            letters = _apart(rng, mean, 60 if plain else 85)
            if rng.random() < 0.2:
                shift = np.roll(ink.outline, (rng.randrange(1, 4), rng.randrange(-3, 4)), (0, 1))
                shadow = cv2.GaussianBlur(shift, (0, 0), rng.uniform(0.5, 3))
                ground = ground + ((0 if letters > 110 else 255) - ground) * shadow * rng.uniform(0.4, 1)
        colour: Any = letters
        if rng.random() < 0.06:
            other = min(255, max(0, letters + rng.uniform(-60, 60)))
            colour = np.linspace(letters, other, height, dtype=np.float32)[:, None]
        strength = 1 if rng.random() < 0.9 else rng.uniform(0.7, 1)
        return np.clip(ground + (colour - ground) * ink.fill * strength, 0, 255).astype(np.uint8)

    def _ground(self, rng: random.Random, height: int, width: int) -> tuple[Floats, bool]:
        """A background and whether it is one colour."""
        chance = rng.random()
        if chance < 0.5 or not self._backgrounds:
            shade = rng.choice([255, 255, 255, 0, 0, rng.randrange(256), rng.randrange(200, 256), rng.randrange(60)])
            ground = np.full((height, width), shade, np.float32)
            if chance < 0.06:
                ground += np.linspace(0, rng.uniform(-60, 60), width, dtype=np.float32)[None]
            return ground, True
        picture = rng.choice(self._backgrounds)
        scale = rng.uniform(0.5, 2.5)
        tall = min(picture.shape[0], max(8, int(height / scale)))
        wide = min(picture.shape[1], max(8, int(width / scale)))
        top, left = rng.randrange(picture.shape[0] - tall + 1), rng.randrange(picture.shape[1] - wide + 1)
        patch = cv2.resize(
            picture[top : top + tall, left : left + wide], (width, height), interpolation=cv2.INTER_LINEAR
        )
        return patch.astype(np.float32), False


def _outline_colours(rng: random.Random) -> tuple[float, float]:
    """Shades of letters and border: white with black mostly, else any two well apart."""
    chance = rng.random()
    if chance < 0.7:
        return rng.uniform(225, 255), rng.uniform(0, 40)
    if chance < 0.8:
        return rng.uniform(0, 40), rng.uniform(225, 255)
    border = rng.uniform(0, 255)
    return _apart(rng, border, 80), border


def _apart(rng: random.Random, shade: float, distance: float) -> float:
    """A shade this far from another; black or white more often than not."""
    far = 0.0 if shade > 127 else 255.0
    if rng.random() < 0.55:
        return far
    chosen = rng.uniform(0, 255)
    return chosen if abs(chosen - shade) >= distance else far


def _ink(rng: random.Random, text: str, path: str, neighbour: str) -> Ink:
    """The letters of a line among margins of more than half their height, perhaps with parts of a neighbouring line."""
    size = rng.randrange(20, 44)
    font = opened(path, size)
    letters, rise = _spaced(font, text, size * rng.uniform(0.02, 0.25)) if rng.random() < 0.06 else _set(font, text)
    above, below = rise, letters.shape[0] - rise
    if rng.random() < 0.5:  # the height of the face, not of these letters: "она" is not cut as tight as "Ара"
        face = extent(path, size)
        above, below = max(above, face[0]), max(below, face[1])
    margin = size * 3 // 4
    fill = np.zeros((above + below + 2 * margin, letters.shape[1] + 2 * margin), np.uint8)
    _put(fill, letters, margin + above - rise, margin)
    if rng.random() < 0.2:
        other, other_rise = _set(font, neighbour[: len(text) + 4])
        step = round((above + below) * rng.uniform(1.12, 1.4)) * rng.choice([-1, 1])
        _put(fill, other, margin + above + step - other_rise, margin)
    around = fill
    if rng.random() < 0.85:
        reach = max(1, round(size * rng.uniform(0.03, 0.12)))
        around = cv2.dilate(fill, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1)))
        if reach > 1:
            around = cv2.GaussianBlur(around, (3, 3), 0)
    scale = np.float32(1 / 255)
    box = (margin, margin, margin + letters.shape[1], margin + above + below)
    return Ink(fill * scale, np.maximum(fill, around) * scale, box)


def _set(font: ImageFont.FreeTypeFont, text: str) -> tuple[Grey, int]:
    """The letters of a text, (height, width), and how many rows of them stand above the baseline."""
    mask, (_, top) = font.getmask2(text, "L", anchor="ls")
    width, height = mask.size
    if not width or not height:
        return np.zeros((1, 1), np.uint8), 1
    return np.asarray(mask, np.uint8).reshape(height, width), round(-top)


def _spaced(font: ImageFont.FreeTypeFont, text: str, spacing: float) -> tuple[Grey, int]:
    """As `_set`, with extra pixels between the characters."""
    parts = [_set(font, character) for character in text]
    rise = max(rise for _, rise in parts)
    starts = [font.getlength(text[:place]) + spacing * place for place in range(len(text))]
    width = round(starts[-1]) + parts[-1][0].shape[1]
    whole = np.zeros((rise + max(part.shape[0] - own for part, own in parts), max(1, width)), np.uint8)
    for (part, own), start in zip(parts, starts, strict=True):
        _put(whole, part, rise - own, round(start))
    return whole, rise


def _put(canvas: Grey, letters: Grey, top: int, left: int) -> None:
    """Lay letters on a canvas, as far as they fall on it."""
    first, last = max(0, top), min(canvas.shape[0], top + letters.shape[0])
    wide = min(letters.shape[1], canvas.shape[1] - left)
    if first < last and wide > 0:
        under = canvas[first:last, left : left + wide]
        np.maximum(under, letters[first - top : last - top, :wide], out=under)


def _cut(rng: random.Random, painted: Grey, box: tuple[int, int, int, int]) -> Grey:
    """The line turned, sheared and squeezed a little, and cut out of its margins as a detector would, never exactly."""
    left, top, right, bottom = box
    tall, wide = bottom - top, right - left
    if rng.random() < 0.45:
        turn = rng.uniform(-1, 1) * min(0.08, math.atan2(0.25 * tall, wide / 2 + 1))
        shear = rng.uniform(-0.15, 0.15) if rng.random() < 0.4 else 0.0
        middle = ((left + right) / 2, (top + bottom) / 2)
        matrix = cv2.getRotationMatrix2D(middle, math.degrees(turn), 1.0)
        matrix[0, 1] += shear
        matrix[0, 2] -= shear * middle[1]
        painted = cv2.warpAffine(
            painted, matrix, painted.shape[::-1], flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
    if rng.random() < 0.05:
        painted = _in_perspective(rng, painted)
    low, high = -0.04, rng.choice([0.12, 0.25, 0.4])
    sides = [round(tall * rng.uniform(low, high)) for _ in range(2)] + [
        round(tall * rng.uniform(-0.02, 0.5)) for _ in "lr"
    ]
    top, bottom = max(0, top - sides[0]), min(painted.shape[0], bottom + sides[1])
    left, right = max(0, left - sides[2]), min(painted.shape[1], right + sides[3])
    return painted[top:bottom, left:right]


def _in_perspective(rng: random.Random, painted: Grey) -> Grey:
    height, width = painted.shape
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    moved = corners + np.array([[0, rng.uniform(-0.15, 0.15) * height] for _ in corners], np.float32)
    matrix = cv2.getPerspectiveTransform(corners, moved)
    return cv2.warpPerspective(painted, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE).astype(np.uint8)


def _worn(rng: random.Random, cut: Grey) -> Grey:
    """The line as small as pictures show it, compressed, and brought to the height that the network reads."""
    squeeze = rng.uniform(0.62, 0.95) if rng.random() < 0.2 else rng.uniform(0.9, 1.15)
    tall = cut.shape[0] if rng.random() < 0.5 else rng.randrange(11, 34)
    wide = max(8, round(cut.shape[1] * tall / cut.shape[0] * squeeze))
    way = cv2.INTER_AREA if tall <= cut.shape[0] else cv2.INTER_LINEAR
    small = cv2.resize(cut, (wide, tall), interpolation=way)
    if rng.random() < 0.15:
        small = cv2.GaussianBlur(small, (0, 0), rng.uniform(0.3, 0.9))
    if rng.random() < 0.6:
        _, packed = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, rng.randrange(22, 92)])
        small = cv2.imdecode(packed, cv2.IMREAD_GRAYSCALE)
    final = min(_WIDEST, max(8, round(wide * HEIGHT / tall)))
    return cv2.resize(small, (final, HEIGHT), interpolation=cv2.INTER_AREA if tall > HEIGHT else cv2.INTER_LINEAR)
