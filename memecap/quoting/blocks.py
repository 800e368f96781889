"""Lines of a picture as a person sees them: blocks of text that stand together, and where on the picture each stands.

In: lines in reading order, with boxes in pixels. Out: `Block`s in that order. Gaps are measured in heights of a line.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from memecap.reading.base import Box, Line, around

FAR = 2.0  # heights of a line between two blocks
APART, FURTHER = 0.9, 1.3  # heights between two paragraphs of a block; of which the second has no capital
DASH = 2.0  # heights between the two parts of a line
SIZES = 2.1  # how much higher the lines of another block are; one without tall letters is lower by half
TOP, BOTTOM, LEFT, RIGHT = 0.4, 0.6, 0.42, 0.58  # shares of the picture at which its middle begins and ends
WIDE = 0.6  # of the picture's width, from which a block stands neither left nor right


@dataclass(frozen=True, slots=True)
class Block:
    """Lines that stand together."""

    lines: tuple[Line, ...]

    @property
    def box(self) -> Box:
        return around(line.box for line in self.lines)

    @property
    def height(self) -> float:
        """Of its lines: the median, in pixels, 1 at least."""
        return max(1.0, median(line.box[3] - line.box[1] for line in self.lines))

    def gap(self, number: int) -> float:
        """How far below the line before it a line stands, in heights."""
        return (self.lines[number].box[1] - self.lines[number - 1].box[3]) / self.height

    def is_full(self, number: int) -> bool:
        """Whether the first word of the next line would not have fitted on this one: then the sentence goes on."""
        line, following = self.lines[number], self.lines[number + 1]
        width = line.box[2] - line.box[0]
        letter = width / max(1, len(line.text))
        first = len(following.text.split()[0]) if following.text.split() else 0
        return width + letter * (first + 1) > 0.97 * (self.box[2] - self.box[0])


def blocks(lines: Sequence[Line]) -> list[Block]:
    """Lines in reading order, joined where each stands right under, or between, the lines of a block before it."""
    found: list[list[Line]] = []
    for line in lines:
        for block in reversed(found[-2:]):
            if (place := _place(block, line)) is not None:
                block.insert(place, line)
                break
        else:
            found.append([line])
    return [Block(tuple(block)) for block in found]


def places(found: Sequence[Block], width: int, height: int) -> list[str]:
    """Where each block stands, as a person says it after those before it; "" for one alone on its picture."""
    if len(found) < 2:
        return [""] * len(found)
    rows = [_row(block, height) for block in found]
    columns = [_column(block, width) for block in found]
    full = [f"{row} {column}".strip() for row, column in zip(rows, columns, strict=True)]
    if len(set(rows)) == 1:
        is_stack = any(_is_under(low.box, high.box) for high, low in pairwise(found))
        full = [""] * len(found) if is_stack else columns
    named: list[str] = full[:1]
    for (before, block), name in zip(pairwise(found), full[1:], strict=True):
        named.append(_beside(before.box, block.box) if not name or name in named else name)
    return named


def _place(block: Sequence[Line], line: Line) -> int | None:
    """Where in a block a line belongs; None where it stands beside it, far from it, or is of another size."""
    height = max(1.0, median(each.box[3] - each.box[1] for each in block))
    own = max(1, line.box[3] - line.box[1])
    if _goes_on(line.box, block[-1].box):
        return len(block)
    place = sum(each.box[1] + each.box[3] < line.box[1] + line.box[3] for each in block)
    if place == 0 or not 1 / SIZES <= own / height <= SIZES:
        return None
    above = block[place - 1].box
    room = block[place].box[1] - line.box[3] if place < len(block) else 0
    is_near = -0.7 * height < line.box[1] - above[3] < FAR * max(height, own) and room > -0.5 * height
    return place if is_near and _is_under(line.box, above) else None


def _goes_on(box: Box, left: Box) -> bool:
    """Is it the rest of a line that was cut, as at a dash: on the same row, close to its right?"""
    height = max(1, left[3] - left[1])
    shared = min(left[3], box[3]) - max(left[1], box[1])
    return shared > 0.6 * height and 0 <= box[0] - left[2] < DASH * height


def _is_under(box: Box, above: Box) -> bool:
    shared = min(above[2], box[2]) - max(above[0], box[0])
    return shared > 0.3 * max(1, min(above[2] - above[0], box[2] - box[0]))


def _row(block: Block, height: int) -> str:
    middle = (block.box[1] + block.box[3]) / 2 / max(1, height)
    return "сверху" if middle < TOP else "снизу" if middle > BOTTOM else "посередине"


def _column(block: Block, width: int) -> str:
    left, _, right, _ = block.box
    middle = (left + right) / 2 / max(1, width)
    if right - left > WIDE * width or LEFT <= middle <= RIGHT:
        return ""
    return "слева" if middle < LEFT else "справа"


def _beside(before: Box, box: Box) -> str:
    """Where a box stands, seen from another one."""
    if box[1] >= (before[1] + before[3]) / 2:
        return "ниже"
    return "правее" if box[0] >= (before[0] + before[2]) / 2 else "левее" if box[2] <= before[2] else "выше"
