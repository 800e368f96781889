"""Recogniser: crops, each one straightened line of text → its words, where in the crop they stand, and how sure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

Crop = NDArray[np.uint8]  # H x W x 3, RGB; any height and width of at least one pixel, text from left to right

#: a module of this folder each, with a class `Lines` that is built without arguments
RecogniserName = Literal["ours", "tesseract", "eslav"]


@dataclass(frozen=True, slots=True)
class Piece:
    """A word of a line, as it is written, marks and capitals too."""

    text: str  # not empty, no space in it
    left: float  # 0..1: shares of the crop's width, left < right
    right: float
    confidence: float  # 0..1: the recogniser's own, not calibrated


class Recogniser(Protocol):
    """A way to read cut lines. It is built once and called with many crops; threads are limited inside."""

    @property
    def version(self) -> str:
        """Name and version of program or weights: what it read is kept under this name."""

    def recognise(self, crops: Sequence[Crop]) -> list[list[Piece]]:
        """The words of each crop, in order, from left to right; none where it sees no text.

        Raises:
            ServiceError: the program or the model behind it is not there.
        """


def is_there(name: RecogniserName) -> bool:
    """Is there a recogniser of that name in this package?"""
    return find_spec(f"memecap.reading.recognisers.{name}") is not None


def load(name: RecogniserName) -> Recogniser:
    """The recogniser of that name; its module is imported here, not before."""
    lines: Recogniser = import_module(f"memecap.reading.recognisers.{name}").Lines()
    return lines
