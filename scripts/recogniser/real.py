"""Real lines: crops of training memes whose reading agrees with the description, cut out as grey lines."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from recogniser.agreement import agreed
from recogniser.alphabet import written
from recogniser.painting import HEIGHT

Grey = NDArray[np.uint8]
_LONGEST = 20  # heights of a line; longer ones are left to the painted lines
_HELD = 12  # one group of pictures of so many is kept for validation


def is_held(group: str) -> bool:
    """Whether the lines of a group of pictures are kept for validation."""
    return hashlib.sha256(group.encode()).digest()[0] % _HELD == 0


def of_corpus(corpus: Path, readings: Path, margin: float) -> Iterator[tuple[str, Grey, str]]:
    """Pictures' groups with lines and what they say, from a built corpus and a file of stored readings of its pictures.

    Args:
        margin: what is cut around a line's box, in its heights.
    """
    with (corpus / "train" / "metadata.jsonl").open(encoding="utf-8") as rows:
        records = {row["image_id"]: row for row in map(json.loads, rows)}
    with readings.open(encoding="utf-8") as lines:
        for reading in map(json.loads, lines):
            if (record := records.get(reading["image_id"])) is not None:
                yield from _lines(corpus / "train" / record["file_name"], record, reading, margin)


def _lines(
    path: Path, record: dict[str, Any], reading: dict[str, Any], margin: float
) -> Iterator[tuple[str, Grey, str]]:
    picture = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    description = written(" ".join(record["captions"]))
    if picture is None or picture.shape != (reading["height"], reading["width"]):
        return
    for line in reading["lines"]:
        text = agreed(written(line["text"]), description)
        left, top, right, bottom = line["box"]
        if text and bottom - top >= 6 and right - left >= 6 and right - left < _LONGEST * (bottom - top):
            room = round(margin * (bottom - top))
            cut = picture[max(0, top - room) : bottom + room, max(0, left - room) : right + room]
            yield record["group_id"], as_line(cut), text


def as_line(cut: Grey) -> Grey:
    """A crop at the height that the network reads."""
    wide = max(8, round(cut.shape[1] * HEIGHT / cut.shape[0]))
    way = cv2.INTER_AREA if cut.shape[0] > HEIGHT else cv2.INTER_LINEAR
    return cv2.resize(cut, (wide, HEIGHT), interpolation=way).astype(np.uint8)
