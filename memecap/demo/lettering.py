"""Text on pictures: lines that fit a width, in the bundled DejaVu letters, plain or white with a black outline."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from PIL import ImageDraw, ImageFont

from memecap.demo.pen import Colour


@lru_cache(maxsize=32)
def font(size: int, name: str = "DejaVuSans-Bold") -> ImageFont.FreeTypeFont:
    """A font that matplotlib ships, Cyrillic included, so that no system font is needed."""
    import matplotlib

    return ImageFont.truetype(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / f"{name}.ttf", size)


def wrap(text: str, letters: ImageFont.FreeTypeFont, width: float) -> list[str]:
    """Lines of whole words, each at most `width` pixels."""
    lines: list[str] = []
    for word in text.split():
        if lines and letters.getlength(f"{lines[-1]} {word}") <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def height(text: str, letters: ImageFont.FreeTypeFont, width: float) -> int:
    """The height in pixels of the wrapped text."""
    return len(wrap(text, letters, width)) * _leading(letters)


def write(
    draw: ImageDraw.ImageDraw,
    text: str,
    *,
    centre: float,
    top: float,
    width: float,
    letters: ImageFont.FreeTypeFont,
    fill: Colour,
    outline: Colour | None = None,
    left: float | None = None,
) -> None:
    """Write wrapped lines downwards from `top`, around `centre`, or from the `left` edge where one is given."""
    stroke = 0 if outline is None else max(1, round(letters.size / 14))
    for i, line in enumerate(wrap(text, letters, width)):
        place = (centre if left is None else left, top + i * _leading(letters))
        anchor = "ma" if left is None else "la"
        draw.text(
            place,
            line.replace(" ", "  ") if outline else line,
            font=letters,
            fill=fill,
            anchor=anchor,
            stroke_width=stroke,
            stroke_fill=outline,
        )


def _leading(letters: ImageFont.FreeTypeFont) -> int:
    return round(letters.size * 1.28)
