"""The characters of the painted world: twelve kinds, each drawn from a few shapes in a unit square.

A kind draws its body and returns its `Anatomy`, so that every kind can wear everything and show every mood.
"""

from __future__ import annotations

from collections.abc import Callable

from memecap.demo.faces import WEARS, Anatomy, face, scarf
from memecap.demo.grammar import Scene
from memecap.demo.pen import INK, PAINTS, WHITE, Colour, Pen, shade


def character(pen: Pen, scene: Scene) -> None:
    """Draw the scene's character with its face and what it wears; nobody where the scene has no kind."""
    if not scene.kind:
        return
    paint = PAINTS[scene.colour]
    anatomy = _KINDS[scene.kind](pen, paint)
    if scene.wears == "scarf":
        scarf(pen, anatomy)
    face(pen, anatomy, scene.mood)
    if scene.wears in WEARS:
        WEARS[scene.wears](pen, anatomy)


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
        pen.line([(x, 0.24), (x + 0.04, 0.16), (x - 0.02, 0.09), (x + 0.03, 0.01)], (236, 240, 244), 0.03)
    pen.arc((0.76, 0.6), 0.19, 0.19, 270, 90, paint, 0.08)
    pen.box((0.12, 0.28), (0.76, 0.98), paint, 0.1)
    pen.oval((0.44, 0.29), 0.32, 0.07, shade(paint, 0.35))
    pen.oval((0.44, 0.3), 0.27, 0.045, (92, 54, 30))
    return Anatomy((0.44, 0.57), 0.21, (0.44, 0.28), (0.44, 0.86), 0.3)


def _snowman(pen: Pen, paint: Colour) -> Anatomy:
    for side in (-1, 1):
        pen.line([(0.5 + side * 0.2, 0.58), (0.5 + side * 0.42, 0.44), (0.5 + side * 0.47, 0.5)], (96, 60, 36), 0.035)
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
        pen.line([(0.5 + side * 0.12, 0.82), (0.5 + side * 0.12, 0.96), (0.5 + side * 0.19, 0.97)], INK, 0.03)
    return Anatomy((0.5, 0.46), 0.21, (0.5, 0.17), (0.5, 0.74), 0.24)


_KINDS: dict[str, Callable[[Pen, Colour], Anatomy]] = {
    "cat": _cat, "dog": _dog, "fish": _fish, "bird": _bird, "robot": _robot, "ghost": _ghost, "frog": _frog,
    "octopus": _octopus, "cactus": _cactus, "cup": _cup, "snowman": _snowman, "cloud": _cloud,
}  # fmt: skip
