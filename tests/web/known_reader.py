"""A reader that reads the same lines on every picture wide enough: tests know what the page must show."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image

from memecap.core.config import PartConfig
from memecap.reading.base import Line, Reader, Reading

LINES = (
    Line("КОГДА ПОНЕДЕЛЬНИК", (40, 20, 360, 60), 0.94),
    Line("а кот уже встал", (60, 70, 340, 100), 0.61),
    Line("MONDAY AGAIN", (80, 240, 320, 280), 0.35, language="en"),
)


class KnownReader(Reader):
    class Config(PartConfig):
        name: str = "tests.web.known_reader"

    def __init__(self, config: Config) -> None:
        self.config = config

    @property
    def version(self) -> str:
        return "known 1"

    def read(self, images: Sequence[Image.Image]) -> list[Reading]:
        return [Reading(LINES if image.width >= 360 else (), *image.size, self.version) for image in images]
