"""Another reader's lines, the English ones with a translation: descriptions of memes quote English text in Russian.

In: upright RGB pictures. Out: the reader's lines; neighbouring English lines are one line, since a sentence runs on
over several, and carry its translation. A line whose translation failed stays as it was read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from PIL import Image
from pydantic import Field

from memecap.core import defaults
from memecap.core.config import PartConfig, ReaderConfig, TranslatorConfig, build, configure
from memecap.reading.base import Line, Reader, Reading, around
from memecap.reading.engine.words import CYRILLIC

FOREIGN = "en"
NEAR = 1.5  # heights of a line: a wider gap begins another text


class _Translates(Protocol):
    """What is needed of a `Translator`; the family itself stands above this one."""

    @property
    def version(self) -> str: ...

    def translate(self, sentences: Sequence[str]) -> list[str]: ...


class Translated(Reader):
    """A reader and a translator: English text is read, joined into sentences and translated."""

    class Config(PartConfig):
        name: str = "translated"
        reader: ReaderConfig = Field(
            default_factory=lambda: configure("reading", defaults.READER), description="the reader of the pictures"
        )
        translator: TranslatorConfig = Field(
            default_factory=lambda: configure("translation", "marian"), description="English → Russian"
        )

    def __init__(self, config: Translated.Config) -> None:
        self.config = config
        self._reader: Reader = build("reading", config.reader)
        self._translator: _Translates = build("translation", config.translator)

    @property
    def version(self) -> str:
        return f"{self._reader.version} {self._translator.version}"

    def read(self, images: Sequence[Image.Image]) -> list[Reading]:
        readings = [replace(reading, lines=joined(reading.lines)) for reading in self._reader.read(images)]
        texts = sorted({line.text for reading in readings for line in reading.lines if line.language == FOREIGN})
        translations = dict(zip(texts, self._translator.translate([_sentence(text) for text in texts]), strict=True))
        return [
            replace(
                reading, lines=tuple(_translated(line, translations) for line in reading.lines), reader=self.version
            )
            for reading in readings
        ]


def joined(lines: Sequence[Line]) -> tuple[Line, ...]:
    """Lines of which neighbouring English ones, one close below the other, have become one."""
    kept: list[Line] = []
    for line in lines:
        if kept and kept[-1].language == line.language == FOREIGN and _is_near(kept[-1], line):
            kept[-1] = _join(kept[-1], line)
        else:
            kept.append(line)
    return tuple(kept)


def _is_near(above: Line, below: Line) -> bool:
    height = below.box[3] - below.box[1]
    overlap = min(above.box[2], below.box[2]) - max(above.box[0], below.box[0])
    return overlap > 0 and abs(below.box[1] - above.box[3]) <= NEAR * height


def _join(first: Line, second: Line) -> Line:
    sizes = len(first.text), len(second.text)
    confidence = (first.confidence * sizes[0] + second.confidence * sizes[1]) / max(1, sum(sizes))
    return Line(f"{first.text} {second.text}", around((first.box, second.box)), round(confidence, 3), FOREIGN)


def _sentence(text: str) -> str:
    """CAPITALS are rare in what translators learnt from."""
    return text.capitalize() if text.isupper() else text


def _translated(line: Line, translations: Mapping[str, str]) -> Line:
    translation = translations.get(line.text, "")
    return replace(line, translation=translation) if CYRILLIC.search(translation) else line
