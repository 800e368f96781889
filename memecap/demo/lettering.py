"""Text on pictures: lines that fit a width, in the bundled DejaVu letters, plain or white with a black outline."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from PIL import ImageDraw, ImageFont

from memecap.demo.pen import Colour, Point


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


@dataclass(frozen=True)
class Text:
    """Words in a font, in lines of at most `width` pixels."""

    words: str
    letters: ImageFont.FreeTypeFont
    width: float

    @property
    def height(self) -> int:
        """In pixels."""
        return len(self._lines()) * self._leading()

    def write(
        self,
        draw: ImageDraw.ImageDraw,
        place: Point,
        *,
        fill: Colour,
        outline: Colour | None = None,
        anchor: str = "ma",
    ) -> None:
        """Write downwards from `place`: the middle of the first line's top, or its left end with the anchor "la"."""
        stroke = 0 if outline is None else max(1, round(self.letters.size / 14))
        x, top = place
        for i, line in enumerate(self._lines()):
            draw.text(
                (x, top + i * self._leading()),
                line.replace(" ", "  ") if outline else line,
                font=self.letters,
                fill=fill,
                anchor=anchor,
                stroke_width=stroke,
                stroke_fill=outline,
            )

    def _lines(self) -> list[str]:
        return wrap(self.words, self.letters, self.width)

    def _leading(self) -> int:
        return round(self.letters.size * 1.28)
