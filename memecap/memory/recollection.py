"""Recollection: a described picture that another picture shows again, with where and how surely."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

Box = tuple[int, int, int, int]  # left, top, right, bottom in pixels of the upright picture
Transform = tuple[float, float, float, float, float, float]  # rows of a 2 × 3 affine matrix


@dataclass(frozen=True, slots=True)
class RememberedLine:
    """A line of text on the remembered picture; `box` is carried over to the asked picture and may lie outside it."""

    text: str
    box: Box


@dataclass(frozen=True, slots=True)
class Recollection:
    """A remembered picture (or panel of one) that the asked picture shows. Everything needed to retell it, no picture.

    Boxes are in pixels of the asked picture.
    """

    image_id: str
    group_id: str
    corpus: str
    split: str
    captions: tuple[str, ...]
    lines: tuple[RememberedLine, ...]  # what was read on it
    box: Box  # where the asked picture shows it
    covered: float  # 0..1: the share of the asked picture, without its text, that it explains
    inliers: int  # local features that one transform explains
    confidence: float  # 0..1: how surely it is the same picture
    transform: Transform  # from the asked picture to the remembered one, both in their own pixels
    mirrored: bool = False
    differs: tuple[Box, ...] = ()  # where the asked picture shows something else
    written_by: str = "person"  # person, correction, or the name of a model that wrote the captions
    source_url: str = ""
    licence: str = ""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Recollection:
        lines = tuple(RememberedLine(line["text"], _box(line["box"])) for line in record["lines"])
        differs = tuple(_box(box) for box in record["differs"])
        plain = {**record, "captions": tuple(record["captions"]), "transform": tuple(record["transform"])}
        return cls(**{**plain, "lines": lines, "box": _box(record["box"]), "differs": differs})


def _box(values: Any) -> Box:
    left, top, right, bottom = values
    return left, top, right, bottom
