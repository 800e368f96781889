"""Faces of five moods, and what every character of the painted world can wear.

An `Anatomy` says where a character's face is, where a hat sits, where a scarf goes.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from memecap.demo.pen import GOLD, INK, WHITE, Pen, Point


@dataclass(frozen=True)
class Anatomy:
    """Where things go: the face's centre and half-width, the top of the head, the neck."""

    face: Point
    reach: float
    top: Point
    neck: Point
    girth: float  # half-width of the neck


def face(pen: Pen, anatomy: Anatomy, mood: str) -> None:
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
            inner = (eye[0] - side * reach * 0.3, eye[1] - reach * 0.2)
            outer = (eye[0] + side * reach * 0.4, eye[1] - reach * 0.6)
            pen.line([inner, outer], INK, 0.045)
        if mood == "cry":
            tear = (eye[0] + side * reach * 0.12, eye[1] + reach * 0.75)
            pen.box((tear[0] - 0.03, eye[1] + reach * 0.2), (tear[0] + 0.03, tear[1] + 0.1), (96, 186, 250), 0.03)
    if mood == "smile":
        pen.draw.chord(pen.around((x, mouth[1] - reach * 0.2), reach * 0.5, reach * 0.42), 0, 180, fill=INK)
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


def _hat(pen: Pen, anatomy: Anatomy) -> None:
    x, y = anatomy.top
    pen.box((x - 0.15, y - 0.24), (x + 0.15, y + 0.04), INK, 0.02)
    pen.box((x - 0.15, y - 0.05), (x + 0.15, y), (190, 40, 50))
    pen.box((x - 0.26, y + 0.0), (x + 0.26, y + 0.055), INK, 0.02)


def _glasses(pen: Pen, anatomy: Anatomy) -> None:
    (x, y), reach = anatomy.face, anatomy.reach
    for side in (-1, 1):
        pen.oval((x + side * reach * 0.54, y - reach * 0.08), reach * 0.46, reach * 0.38, (20, 20, 26))
        gleam = [(x + side * reach * 0.4, y - reach * 0.2), (x + side * reach * 0.62, y + reach * 0.05)]
        pen.line(gleam, (120, 130, 150), 0.015)
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


def scarf(pen: Pen, anatomy: Anatomy) -> None:
    (x, y), girth = anatomy.neck, anatomy.girth
    pen.box((x - girth, y - 0.06), (x + girth, y + 0.05), WHITE, 0.04)
    pen.box((x + girth * 0.4, y), (x + girth * 0.4 + 0.1, y + 0.24), WHITE, 0.02)
    for i in range(4):
        left = x - girth * 0.85 + i * girth * 0.46
        pen.box((left, y - 0.06), (left + girth * 0.2, y + 0.05), (206, 34, 48))
    for i in range(3):
        pen.box((x + girth * 0.4, y + 0.05 + i * 0.07), (x + girth * 0.4 + 0.1, y + 0.085 + i * 0.07), (206, 34, 48))


WEARS: dict[str, Callable[[Pen, Anatomy], None]]
WEARS = {"hat": _hat, "glasses": _glasses, "crown": _crown, "balloon": _balloon}
