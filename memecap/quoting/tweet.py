"""What the lines of a reading are: a tweet and its author, a watermark, or text to quote."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from memecap.reading.base import Line

HANDLE = re.compile(r"(?<![\w.])@\s?(\w{2,20})")
FURNITURE = re.compile(
    r"^\W*(\d{1,2}[:.]\d{2}\b.*"
    r"|.*\b(twitter for|twitter web|ретвит\w*|retweets?|likes|follow(ing)?|читать|нравится)\b.*)$",
    re.IGNORECASE,
)
WATERMARK = re.compile(
    r"(https?:|www\.|\b(vk\.com|t\.me|instagram\.com|pikabu|9gag|imgflip|memes?\.\w+)\b)|^\W*@\s?\w+\W*$", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Tweet:
    user: str
    lines: list[Line]  # its text, without the name, the time and the buttons


def find_tweet(lines: Sequence[Line], height: int) -> Tweet | None:
    """A tweet has an @name in the picture's upper half; the name's own lines, times and buttons are not its text."""
    for line in lines:
        found = HANDLE.search(line.text)
        if found and line.box[1] < height / 2:
            return Tweet(found.group(1), [other for other in lines if _is_text(other, line)])
    return None


def _is_text(line: Line, handle: Line) -> bool:
    below = line.box[1] >= handle.box[3] - (handle.box[3] - handle.box[1]) // 2
    return below and not FURNITURE.match(line.text)


def without_watermarks(lines: Sequence[Line]) -> list[Line]:
    """Lines that are not the address of a community, a site or an author."""
    return [line for line in lines if not WATERMARK.search(line.text)]
