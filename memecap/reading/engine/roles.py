"""What a line is on its picture: text that a description quotes, a name, metadata of a screenshot, or a watermark.

In: lines in reading order. Out: the same lines with their roles. Rules are patterns and places, each a few words long;
a picture is taken for a post where an @name stands in its upper half.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from memecap.reading.base import Line, Role

HANDLE = re.compile(r"(?<![\w.])@\s?(\w{2,20})")
_MONTH = (
    r"(?:янв|фев|мар|апр|мая|май|июн|июл|авг|сен|окт|ноя|дек|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[а-яa-z]*"
)
METADATA = re.compile(
    rf"""^\W*(?:
        \d{{1,2}}[:.]\d{{2}}(?:\s?[ap]m)?\b(?:\W+.*)?                           # 14:05 · 24 Sep 2019
        | \d{{1,2}}\W{{0,2}}{_MONTH}\b.{{0,24}}                                # 24 сен. 2019 г., 14:05
        | {_MONTH}\W{{0,2}}\d{{1,2}}\b.{{0,24}}                                # Sep 24, 2019
        | .*\b(?:twitter\ for|twitter\ web|ретвит\w*|retweets?|likes|follow(?:ing)?|читать|читаемый|нравится)\b.*
        | (?:ответить|поделиться|подписаться|подписан\w*|комментировать|reply|share)
        | (?:in\ reply\ to|в\ ответ)\ .{{2,30}}
        | \d+\s?(?:мин|ч|час\w*|дн|дней|сек)\.?(?:\s+назад)?
        | (?:сегодня|вчера)\ в\ \d{{1,2}}:\d{{2}}
        | [\d.,]+\s?(?:тыс|k|к|млн|m)\.?(?:\W+[\d.,]+\s?(?:тыс|k|к|млн|m)?\.?)*
    )\W*$""",
    re.IGNORECASE | re.VERBOSE,
)
WATERMARK = re.compile(
    r"(https?:|www\.|\b(vk\.com|t\.me|instagram\.com|pikabu|9gag|imgflip|memes?\.\w+)\b)|^\W*@\s?\w+\W*$", re.IGNORECASE
)
NAME_GAP = 2.5  # heights of an @name: so far above it the name that its owner shows may stand


def with_roles(lines: Sequence[Line], height: int) -> list[Line]:
    """Each line with its role on a picture of that height."""
    handle = author(lines, height)
    return [replace(line, role=_role(line, handle)) for line in lines]


def author(lines: Sequence[Line], height: int) -> Line | None:
    """The line with the @name of a post's author: in the picture's upper half."""
    return next((line for line in lines if HANDLE.search(line.text) and line.box[1] < height / 2), None)


def _role(line: Line, handle: Line | None) -> Role:
    if handle is not None and (line is handle or _is_beside(line, handle)):
        return "name"
    if WATERMARK.search(line.text):
        return "watermark"
    return "metadata" if handle is not None and METADATA.match(line.text) else "text"


def _is_beside(line: Line, handle: Line) -> bool:
    """On the row of an @name, or close above it: the name that its owner shows, a tick, a button."""
    height = handle.box[3] - handle.box[1]
    middle = (line.box[1] + line.box[3]) / 2
    return handle.box[1] - NAME_GAP * height <= middle < handle.box[3] and line.box[3] - line.box[1] < 2 * height
