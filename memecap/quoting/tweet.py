"""What the lines of a reading are to a description: a tweet and its author, or text to quote."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from memecap.reading.base import Line, Reading
from memecap.reading.engine.roles import HANDLE, METADATA, WATERMARK, author


@dataclass(frozen=True, slots=True)
class Tweet:
    user: str
    lines: list[Line]  # its text, without the name, the time and the buttons


def find_tweet(lines: Sequence[Line], height: int) -> Tweet | None:
    """A tweet has an @name in the picture's upper half; the name's own lines, times and buttons are not its text."""
    handle = author(lines, height)
    user = HANDLE.search(handle.text) if handle else None
    if handle is None or user is None:
        return None
    return Tweet(user.group(1), [line for line in lines if _is_text(line, handle)])


def _is_text(line: Line, handle: Line) -> bool:
    below = line.box[1] >= handle.box[3] - (handle.box[3] - handle.box[1]) // 2
    return below and not METADATA.match(line.text)


def text_of(reading: Reading) -> Sequence[Line]:
    """The lines that are what a picture says: of a tweet its text, of others all but watermarks."""
    tweet = find_tweet(reading.lines, reading.height)
    return tweet.lines if tweet else without_watermarks(reading.lines)


def without_watermarks(lines: Sequence[Line]) -> list[Line]:
    """Lines that are not the address of a community, a site or an author."""
    return [line for line in lines if not WATERMARK.search(line.text)]
