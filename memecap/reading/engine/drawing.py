"""A picture of a reading: boxes, the order of the lines and their confidence, drawn over the meme."""

from __future__ import annotations

from PIL import Image, ImageDraw, ImageFont

from memecap.reading.base import Line, Reading


def draw(image: Image.Image, reading: Reading) -> Image.Image:
    """The picture with a box for each line, green where confidence is high and red where it is low.

    The lines' text stands in a margin on the right, numbered as the boxes are.
    """
    size = max(round(image.height / 45), 12)
    letters = font(size)
    labels = [f"{number}  {line.confidence:.2f}  {line.text}" for number, line in enumerate(reading.lines, 1)]
    margin = max((round(letters.getlength(label)) for label in labels), default=0) + 2 * size
    height = max(image.height, (len(labels) + 2) * round(size * 1.4))
    canvas = Image.new("RGB", (image.width + min(margin, 4 * image.width + 400), height), "white")
    canvas.paste(image)
    pen = ImageDraw.Draw(canvas)
    for number, (line, label) in enumerate(zip(reading.lines, labels, strict=True)):
        colour = _colour(line)
        pen.rectangle(line.box, outline=colour, width=max(size // 6, 2))
        tag = str(number + 1)
        left, top = line.box[0], max(line.box[1] - size - 4, 0)
        pen.rectangle((left, top, left + letters.getlength(tag) + 8, top + size + 4), fill=colour)
        pen.text((left + 4, top), tag, fill="white", font=letters)
        pen.text((image.width + size, size // 2 + number * round(size * 1.4)), label, fill=colour, font=letters)
    return canvas


def _colour(line: Line) -> tuple[int, int, int]:
    doubt = 1 - line.confidence
    return round(210 * min(2 * doubt, 1)), round(140 * min(2 * line.confidence, 1)), 40


def font(size: int) -> ImageFont.FreeTypeFont:
    """A font with Cyrillic that comes with matplotlib, so that none must be installed: Pillow's own has none."""
    from matplotlib import font_manager

    return ImageFont.truetype(str(font_manager.findfont("DejaVu Sans")), size)
