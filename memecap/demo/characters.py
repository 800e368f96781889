"""The characters of the painted world: twelve kinds with a face, each drawn from a few shapes in a unit square.

A `Pen` maps the unit square to a place on the canvas. A kind draws its body and returns an `Anatomy`: where its face
is, where a hat sits, where a scarf goes, so that every kind can wear everything and show every mood.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PIL import ImageDraw

from memecap.demo.grammar import Scene

Colour = tuple[int, int, int]
Point = tuple[float, float]

PAINTS: dict[str, Colour] = {
    "red": (222, 48, 44),
    "orange": (240, 132, 32),
    "yellow": (247, 211, 52),
    "green": (66, 160, 62),
    "blue": (44, 96, 214),
    "purple": (132, 62, 178),
    "pink": (246, 142, 188),
    "grey": (142, 146, 152),
}
INK: Colour = (32, 28, 34)
WHITE: Colour = (255, 255, 255)
GOLD: Colour = (244, 190, 30)


@dataclass(frozen=True)
class Pen:
    """Draws in a unit square whose corner stands at (x, y) and whose side is `size` pixels."""

    draw: ImageDraw.ImageDraw
    x: float
    y: float
    size: float

    def at(self, point: Point) -> Point:
        return self.x + point[0] * self.size, self.y + point[1] * self.size

    def oval(self, centre: Point, rx: float, ry: float, fill: Colour | None, line: Colour | None = None) -> None:
        (cx, cy), rx, ry = self.at(centre), rx * self.size, ry * self.size
        box = (cx - rx, cy - ry, cx + rx, cy + ry)
        self.draw.ellipse(box, fill=fill, outline=line, width=self.thick(0.02) if line else 0)

    def box(self, corner: Point, other: Point, fill: Colour, radius: float = 0.0) -> None:
        self.draw.rounded_rectangle((*self.at(corner), *self.at(other)), radius * self.size, fill=fill)

    def shape(self, points: Sequence[Point], fill: Colour) -> None:
        self.draw.polygon([self.at(point) for point in points], fill=fill)

    def line(self, points: Sequence[Point], fill: Colour, width: float) -> None:
        self.draw.line([self.at(point) for point in points], fill=fill, width=self.thick(width), joint="curve")

    def arc(self, centre: Point, rx: float, ry: float, start: float, end: float, fill: Colour, width: float) -> None:
        (cx, cy), rx, ry = self.at(centre), rx * self.size, ry * self.size
        self.draw.arc((cx - rx, cy - ry, cx + rx, cy + ry), start, end, fill=fill, width=self.thick(width))

    def thick(self, width: float) -> int:
        return max(1, round(width * self.size))


@dataclass(frozen=True)
class Anatomy:
    """Where things go: the face's centre and half-width, the top of the head, the neck."""

    face: Point
    reach: float
    top: Point
    neck: Point
    girth: float  # half-width of the neck


def character(pen: Pen, scene: Scene) -> None:
    """Draw the scene's character with its face and what it wears; nobody where the scene has no kind."""
    if not scene.kind:
        return
    paint = PAINTS[scene.colour]
    anatomy = _KINDS[scene.kind](pen, paint)
    if scene.wears == "scarf":
        _scarf(pen, anatomy)
    _face(pen, anatomy, scene.mood)
    if scene.wears in _WEARS:
        _WEARS[scene.wears](pen, anatomy)


def shade(colour: Colour, by: float) -> Colour:
    """The colour lighter (by > 0, towards white) or darker (by < 0, towards black)."""
    goal = 255 if by > 0 else 0
    red, green, blue = (round(value + (goal - value) * abs(by)) for value in colour)
    return red, green, blue


def _cat(pen: Pen, paint: Colour) -> Anatomy:
    dark = shade(paint, -0.25)
    pen.arc((0.8, 0.72), 0.13, 0.2, 270, 120, dark, 0.07)
    pen.oval((0.5, 0.76), 0.25, 0.24, paint)
    pen.oval((0.5, 0.8), 0.13, 0.15, shade(paint, 0.45))
    for side in (-1, 1):
        pen.shape([(0.5 + side * 0.29, 0.08), (0.5 + side * 0.06, 0.2), (0.5 + side * 0.27, 0.36)], paint)
        pen.shape([(0.5 + side * 0.25, 0.14), (0.5 + side * 0.12, 0.21), (0.5 + side * 0.24, 0.3)], (250, 190, 200))
        pen.oval((0.5 + side * 0.14, 0.97), 0.1, 0.05, dark)
    pen.oval((0.5, 0.39), 0.29, 0.23, paint)
    for side in (-1, 1):
        for rise in (-0.03, 0.03):
            pen.line([(0.5 + side * 0.2, 0.46), (0.5 + side * 0.42, 0.45 + rise)], INK, 0.012)
    return Anatomy((0.5, 0.38), 0.2, (0.5, 0.19), (0.5, 0.62), 0.17)


def _dog(pen: Pen, paint: Colour) -> Anatomy:
    dark = shade(paint, -0.4)
    pen.line([(0.72, 0.78), (0.92, 0.6)], dark, 0.08)
    pen.oval((0.5, 0.78), 0.28, 0.22, paint)
    for side in (-1, 1):
        pen.box((0.5 + side * 0.16 - 0.07, 0.8), (0.5 + side * 0.16 + 0.07, 1.0), dark, 0.05)
    pen.box((0.23, 0.13), (0.77, 0.62), paint, 0.2)
    for side in (-1, 1):
        pen.oval((0.5 + side * 0.31, 0.38), 0.1, 0.25, dark)
    pen.oval((0.5, 0.5), 0.19, 0.13, shade(paint, 0.6))
    pen.oval((0.5, 0.42), 0.055, 0.04, INK)
    return Anatomy((0.5, 0.37), 0.21, (0.5, 0.15), (0.5, 0.64), 0.18)


def _fish(pen: Pen, paint: Colour) -> Anatomy:
    dark = shade(paint, -0.3)
    pen.shape([(0.72, 0.55), (1.02, 0.3), (0.96, 0.55), (1.02, 0.8)], dark)
    pen.shape([(0.35, 0.36), (0.6, 0.14), (0.66, 0.4)], dark)
    pen.oval((0.45, 0.55), 0.37, 0.27, paint)
    for i in range(3):
        pen.arc((0.58 + i * 0.07, 0.55), 0.07, 0.12, 270, 90, dark, 0.02)
    pen.shape([(0.5, 0.7), (0.68, 0.92), (0.64, 0.66)], dark)
    return Anatomy((0.36, 0.53), 0.18, (0.36, 0.31), (0.4, 0.8), 0.16)


def _bird(pen: Pen, paint: Colour) -> Anatomy:
    dark = shade(paint, -0.3)
    for side in (-1, 1):
        pen.line([(0.5 + side * 0.09, 0.84), (0.5 + side * 0.12, 1.0)], (226, 140, 20), 0.035)
    pen.shape([(0.7, 0.66), (1.0, 0.56), (0.98, 0.8)], dark)
    pen.oval((0.5, 0.66), 0.29, 0.25, paint)
    pen.oval((0.5, 0.36), 0.23, 0.22, paint)
    pen.oval((0.66, 0.66), 0.14, 0.19, dark)
    pen.oval((0.42, 0.72), 0.13, 0.14, shade(paint, 0.5))
    pen.shape([(0.44, 0.4), (0.56, 0.4), (0.5, 0.5)], (248, 160, 24))
    return Anatomy((0.5, 0.36), 0.17, (0.5, 0.16), (0.5, 0.56), 0.18)


def _robot(pen: Pen, paint: Colour) -> Anatomy:
    dark = shade(paint, -0.35)
    pen.line([(0.5, 0.16), (0.5, 0.02)], INK, 0.025)
    pen.oval((0.5, 0.03), 0.04, 0.04, (250, 70, 70))
    for side in (-1, 1):
        pen.line([(0.5 + side * 0.24, 0.66), (0.5 + side * 0.4, 0.82)], dark, 0.08)
        pen.box((0.5 + side * 0.13 - 0.06, 0.86), (0.5 + side * 0.13 + 0.06, 1.0), dark)
    pen.box((0.26, 0.58), (0.74, 0.9), paint, 0.03)
    pen.box((0.36, 0.67), (0.64, 0.82), (214, 222, 228), 0.02)
    for i, light in enumerate(((230, 60, 60), (60, 190, 80), (60, 110, 230))):
        pen.oval((0.42 + i * 0.08, 0.75), 0.025, 0.025, light)
    pen.box((0.2, 0.14), (0.8, 0.56), paint, 0.04)
    pen.box((0.26, 0.2), (0.74, 0.5), shade(paint, 0.6), 0.03)
    return Anatomy((0.5, 0.34), 0.19, (0.5, 0.15), (0.5, 0.58), 0.2)


def _ghost(pen: Pen, paint: Colour) -> Anatomy:
    pen.oval((0.5, 0.4), 0.31, 0.33, paint)
    pen.box((0.19, 0.4), (0.81, 0.86), paint)
    for i in range(4):
        pen.oval((0.267 + i * 0.155, 0.86), 0.0775, 0.11, paint)
    for side in (-1, 1):
        pen.oval((0.5 + side * 0.34, 0.62), 0.08, 0.05, paint)
    return Anatomy((0.5, 0.37), 0.2, (0.5, 0.09), (0.5, 0.64), 0.25)


def _frog(pen: Pen, paint: Colour) -> Anatomy:
    dark = shade(paint, -0.25)
    for side in (-1, 1):
        pen.oval((0.5 + side * 0.3, 0.86), 0.18, 0.12, dark)
        pen.oval((0.5 + side * 0.22, 0.24), 0.13, 0.13, paint)
    pen.oval((0.5, 0.78), 0.28, 0.2, paint)
    pen.oval((0.5, 0.82), 0.18, 0.14, shade(paint, 0.55))
    pen.oval((0.5, 0.44), 0.4, 0.23, paint)
    return Anatomy((0.5, 0.4), 0.25, (0.5, 0.22), (0.5, 0.66), 0.22)


def _octopus(pen: Pen, paint: Colour) -> Anatomy:
    dark = shade(paint, -0.25)
    for i, x in enumerate((0.1, 0.25, 0.4, 0.6, 0.75, 0.9)):
        curl = 0.06 if i % 2 else -0.06
        pen.line([(0.5 + (x - 0.5) * 0.6, 0.58), (x, 0.78), (x + curl, 0.97)], dark if i % 2 else paint, 0.085)
    pen.oval((0.5, 0.38), 0.34, 0.34, paint)
    pen.oval((0.34, 0.16), 0.05, 0.04, shade(paint, 0.5))
    return Anatomy((0.5, 0.4), 0.21, (0.5, 0.06), (0.5, 0.68), 0.22)


def _cactus(pen: Pen, paint: Colour) -> Anatomy:
    dark = shade(paint, -0.25)
    pen.line([(0.5, 0.62), (0.16, 0.62), (0.16, 0.38)], dark, 0.11)
    pen.line([(0.5, 0.54), (0.86, 0.54), (0.86, 0.28)], dark, 0.11)
    pen.box((0.3, 0.1), (0.7, 0.84), paint, 0.19)
    for x in (0.36, 0.5, 0.64):
        for y in (0.54, 0.62, 0.7):
            pen.line([(x - 0.02, y), (x + 0.02, y - 0.03)], WHITE, 0.014)
    pen.shape([(0.24, 0.78), (0.76, 0.78), (0.68, 1.0), (0.32, 1.0)], (156, 92, 50))
    pen.box((0.21, 0.76), (0.79, 0.83), (182, 112, 64))
    return Anatomy((0.5, 0.34), 0.17, (0.5, 0.12), (0.5, 0.54), 0.19)


def _cup(pen: Pen, paint: Colour) -> Anatomy:
    for x in (0.36, 0.5):
        steam = [(x, 0.24), (x + 0.04, 0.16), (x - 0.02, 0.09), (x + 0.03, 0.01)]
        pen.line(steam, (236, 240, 244), 0.03)
    pen.arc((0.76, 0.6), 0.19, 0.19, 270, 90, paint, 0.08)
    pen.box((0.12, 0.28), (0.76, 0.98), paint, 0.1)
    pen.oval((0.44, 0.29), 0.32, 0.07, shade(paint, 0.35))
    pen.oval((0.44, 0.3), 0.27, 0.045, (92, 54, 30))
    return Anatomy((0.44, 0.57), 0.21, (0.44, 0.28), (0.44, 0.86), 0.3)


def _snowman(pen: Pen, paint: Colour) -> Anatomy:
    for side in (-1, 1):
        arm = [(0.5 + side * 0.2, 0.58), (0.5 + side * 0.42, 0.44), (0.5 + side * 0.47, 0.5)]
        pen.line(arm, (96, 60, 36), 0.035)
    pen.oval((0.5, 0.82), 0.27, 0.19, paint)
    pen.oval((0.5, 0.58), 0.21, 0.17, shade(paint, 0.2))
    for y in (0.55, 0.62, 0.78):
        pen.oval((0.5, y), 0.022, 0.022, INK)
    pen.oval((0.5, 0.31), 0.2, 0.19, shade(paint, 0.35))
    pen.shape([(0.5, 0.3), (0.74, 0.36), (0.5, 0.36)], (244, 120, 20))
    return Anatomy((0.5, 0.3), 0.15, (0.5, 0.13), (0.5, 0.47), 0.16)


def _cloud(pen: Pen, paint: Colour) -> Anatomy:
    puffs = (((0.2, 0.58), 0.18), ((0.38, 0.36), 0.22), ((0.62, 0.36), 0.22), ((0.82, 0.58), 0.17), ((0.5, 0.6), 0.26))
    for centre, radius in puffs:
        pen.oval(centre, radius, radius, shade(paint, -0.2))
    for (x, y), radius in puffs:
        pen.oval((x, y - 0.03), radius * 0.94, radius * 0.94, paint)
    for side in (-1, 1):
        leg = [(0.5 + side * 0.12, 0.82), (0.5 + side * 0.12, 0.96), (0.5 + side * 0.19, 0.97)]
        pen.line(leg, INK, 0.03)
    return Anatomy((0.5, 0.46), 0.21, (0.5, 0.17), (0.5, 0.74), 0.24)


def _face(pen: Pen, anatomy: Anatomy, mood: str) -> None:
    (x, y), reach = anatomy.face, anatomy.reach
    mouth = (x, y + reach * 0.62)
    for side in (-1, 1):
        eye = (x + side * reach * 0.52, y - reach * 0.1)
        if mood == "sleep":
            pen.arc(eye, reach * 0.26, reach * 0.22, 0, 180, INK, 0.03)
            continue
        wide = 0.36 if mood == "wonder" else 0.27
        pen.oval(eye, reach * wide, reach * wide * 1.1, WHITE, INK)
        pupil = 0.09 if mood == "wonder" else 0.15
        pen.oval(eye, reach * pupil, reach * pupil, INK)
        if mood == "angry":
            brow = [
                (eye[0] - side * reach * 0.3, eye[1] - reach * 0.2),
                (eye[0] + side * reach * 0.4, eye[1] - reach * 0.6),
            ]
            pen.line(brow, INK, 0.045)
        if mood == "cry":
            tear = (eye[0] + side * reach * 0.12, eye[1] + reach * 0.75)
            pen.box((tear[0] - 0.03, eye[1] + reach * 0.2), (tear[0] + 0.03, tear[1] + 0.1), (96, 186, 250), 0.03)
    if mood == "smile":
        pen.draw.chord(_around(pen, (x, mouth[1] - reach * 0.2), reach * 0.5, reach * 0.42), 0, 180, fill=INK)
        pen.oval((x, mouth[1] + reach * 0.1), reach * 0.22, reach * 0.1, (236, 90, 100))
    elif mood == "cry":
        pen.arc((x, mouth[1] + reach * 0.2), reach * 0.36, reach * 0.3, 180, 360, INK, 0.035)
    elif mood == "angry":
        zigzag = [(x + (i - 2) * reach * 0.2, mouth[1] + (0.04 if i % 2 else -0.01)) for i in range(5)]
        pen.line(zigzag, INK, 0.035)
    elif mood == "sleep":
        pen.oval(mouth, reach * 0.1, reach * 0.08, INK)
        pen.oval((x + reach * 0.55, mouth[1]), reach * 0.38, reach * 0.38, (206, 236, 252), (120, 180, 220))
    else:
        pen.oval((mouth[0], mouth[1] + reach * 0.1), reach * 0.24, reach * 0.32, (120, 30, 40), INK)


def _around(pen: Pen, centre: Point, rx: float, ry: float) -> tuple[float, float, float, float]:
    (cx, cy), rx, ry = pen.at(centre), rx * pen.size, ry * pen.size
    return cx - rx, cy - ry, cx + rx, cy + ry


def _hat(pen: Pen, anatomy: Anatomy) -> None:
    x, y = anatomy.top
    pen.box((x - 0.15, y - 0.24), (x + 0.15, y + 0.04), INK, 0.02)
    pen.box((x - 0.15, y - 0.05), (x + 0.15, y), (190, 40, 50))
    pen.box((x - 0.26, y + 0.0), (x + 0.26, y + 0.055), INK, 0.02)


def _glasses(pen: Pen, anatomy: Anatomy) -> None:
    (x, y), reach = anatomy.face, anatomy.reach
    for side in (-1, 1):
        pen.oval((x + side * reach * 0.54, y - reach * 0.08), reach * 0.46, reach * 0.38, (20, 20, 26))
        pen.line(
            [(x + side * reach * 0.4, y - reach * 0.2), (x + side * reach * 0.62, y + reach * 0.05)],
            (120, 130, 150),
            0.015,
        )
    pen.line([(x - reach * 1.15, y - reach * 0.2), (x + reach * 1.15, y - reach * 0.2)], (20, 20, 26), 0.03)


def _crown(pen: Pen, anatomy: Anatomy) -> None:
    x, y = anatomy.top
    zigzag = [(x - 0.18, y - 0.17), (x - 0.09, y - 0.07), (x, y - 0.2), (x + 0.09, y - 0.07), (x + 0.18, y - 0.17)]
    pen.shape([(x - 0.17, y + 0.04), *zigzag, (x + 0.17, y + 0.04)], GOLD)
    for tip in zigzag[::2]:
        pen.oval(tip, 0.03, 0.03, (214, 40, 70))


def _balloon(pen: Pen, anatomy: Anatomy) -> None:
    x, y = 0.5 + anatomy.girth + 0.22, anatomy.neck[1]
    bend = [(x + 0.05 * math.sin(i), y - i * (y + 0.02) / 6) for i in range(7)]
    pen.line([(anatomy.neck[0] + anatomy.girth, y + 0.06), *bend], INK, 0.014)
    pen.oval((x, -0.06), 0.15, 0.18, (232, 34, 60))
    pen.oval((x - 0.05, -0.13), 0.035, 0.05, (255, 170, 180))


def _scarf(pen: Pen, anatomy: Anatomy) -> None:
    (x, y), girth = anatomy.neck, anatomy.girth
    pen.box((x - girth, y - 0.06), (x + girth, y + 0.05), WHITE, 0.04)
    pen.box((x + girth * 0.4, y), (x + girth * 0.4 + 0.1, y + 0.24), WHITE, 0.02)
    for i in range(4):
        left = x - girth * 0.85 + i * girth * 0.46
        pen.box((left, y - 0.06), (left + girth * 0.2, y + 0.05), (206, 34, 48))
    for i in range(3):
        pen.box((x + girth * 0.4, y + 0.05 + i * 0.07), (x + girth * 0.4 + 0.1, y + 0.085 + i * 0.07), (206, 34, 48))


_KINDS: dict[str, Callable[[Pen, Colour], Anatomy]] = {
    "cat": _cat,
    "dog": _dog,
    "fish": _fish,
    "bird": _bird,
    "robot": _robot,
    "ghost": _ghost,
    "frog": _frog,
    "octopus": _octopus,
    "cactus": _cactus,
    "cup": _cup,
    "snowman": _snowman,
    "cloud": _cloud,
}
_WEARS: dict[str, Callable[[Pen, Anatomy], None]] = {
    "hat": _hat,
    "glasses": _glasses,
    "crown": _crown,
    "balloon": _balloon,
}
