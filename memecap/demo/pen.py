"""The pen of the painted world, which draws in a unit square, and its colours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import ImageDraw

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
BLACK: Colour = (0, 0, 0)
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

    def around(self, centre: Point, rx: float, ry: float) -> tuple[float, float, float, float]:
        """The box of an oval, in pixels."""
        (cx, cy), rx, ry = self.at(centre), rx * self.size, ry * self.size
        return cx - rx, cy - ry, cx + rx, cy + ry

    def oval(self, centre: Point, rx: float, ry: float, fill: Colour | None, line: Colour | None = None) -> None:
        width = self.thick(0.02) if line else 0
        self.draw.ellipse(self.around(centre, rx, ry), fill=fill, outline=line, width=width)

    def box(self, corner: Point, other: Point, fill: Colour, radius: float = 0.0) -> None:
        self.draw.rounded_rectangle((*self.at(corner), *self.at(other)), radius * self.size, fill=fill)

    def shape(self, points: Sequence[Point], fill: Colour) -> None:
        self.draw.polygon([self.at(point) for point in points], fill=fill)

    def line(self, points: Sequence[Point], fill: Colour, width: float) -> None:
        self.draw.line([self.at(point) for point in points], fill=fill, width=self.thick(width), joint="curve")

    def arc(self, centre: Point, rx: float, ry: float, start: float, end: float, fill: Colour, width: float) -> None:
        self.draw.arc(self.around(centre, rx, ry), start, end, fill=fill, width=self.thick(width))

    def thick(self, width: float) -> int:
        return max(1, round(width * self.size))


def shade(colour: Colour, by: float) -> Colour:
    """The colour lighter (by > 0, towards white) or darker (by < 0, towards black)."""
    goal = 255 if by > 0 else 0
    red, green, blue = (round(value + (goal - value) * abs(by)) for value in colour)
    return red, green, blue
