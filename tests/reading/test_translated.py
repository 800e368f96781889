"""English lines become sentences with a translation; captions quote the translation and keep the original."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from PIL import Image

from memecap.captioners.base import create
from memecap.core import defaults
from memecap.core.config import PartConfig, configure
from memecap.decoding.greedy import Greedy
from memecap.reading.base import Line, Reader, Reading
from memecap.reading.translated import Translated, joined

LINES = (
    Line("КОГДА КОТ", (0, 0, 90, 10), 0.9),
    Line("WHEN THE CAT", (0, 40, 90, 50), 0.9, "en"),
    Line("IS HUNGRY", (10, 52, 80, 62), 0.5, "en"),
    Line("monday", (0, 200, 50, 210), 0.9, "en"),
)


class Shelf(Reader):
    """A reader that has read everything already."""

    class Config(PartConfig):
        name: str = f"{__name__}.Shelf"

    def __init__(self, config: Shelf.Config) -> None: ...

    @property
    def version(self) -> str:
        return "shelf 1"

    def read(self, images: Sequence[Image.Image]) -> list[Reading]:
        return [Reading(LINES, 100, 300, self.version) for _ in images]


class Book:
    """A translator of one phrase; it fails on all others."""

    class Config(PartConfig):
        name: str = f"{__name__}.Book"

    def __init__(self, config: Book.Config) -> None:
        self.asked: list[str] = []

    version = "book 1"

    def translate(self, sentences: Sequence[str]) -> list[str]:
        self.asked += sentences
        return ["когда кот голоден" if sentence == "When the cat is hungry" else "" for sentence in sentences]


@pytest.fixture
def reader(monkeypatch: pytest.MonkeyPatch) -> Translated:
    parts = {"reading": Shelf(Shelf.Config()), "translation": Book(Book.Config())}
    monkeypatch.setattr("memecap.reading.translated.build", lambda family, _: parts[family])
    return Translated(Translated.Config(reader=PartConfig(name="shelf"), translator=PartConfig(name="book")))


def test_neighbouring_english_lines_are_one_sentence() -> None:
    first, cat, monday = joined(LINES)
    assert first == LINES[0]
    assert (cat.text, cat.box, cat.language) == ("WHEN THE CAT IS HUNGRY", (0, 40, 90, 62), "en")
    assert 0.5 < cat.confidence < 0.9
    assert monday == LINES[3]


def test_english_lines_carry_a_translation_and_failures_stay_as_they_were(reader: Translated) -> None:
    (reading,) = reader.read([Image.new("RGB", (100, 300))])
    assert [line.said for line in reading.lines] == ["КОГДА КОТ", "когда кот голоден", "monday"]
    assert reading.reader == reader.version == "shelf 1 book 1"
    assert Reading.from_json(reading.to_json()) == reading


def test_a_caption_quotes_the_translation_and_keeps_the_original(reader: Translated) -> None:
    (reading,) = reader.read([Image.new("RGB", (100, 300))])
    ((caption,),) = create(configure("captioners", "template"), ()).generate(None, [reading], Greedy())
    assert '"когда кот когда кот голоден monday"' in caption.text
    assert [quote.original for quote in caption.quotes] == ["", "WHEN THE CAT IS HUNGRY", ""]


def test_a_meme_all_in_english_is_said_to_be(reader: Translated) -> None:
    (reading,) = reader.read([Image.new("RGB", (100, 300))])
    english = Reading(reading.lines[1:2], 100, 300, "shelf 1")
    ((caption,),) = create(configure("captioners", "template"), ()).generate(None, [english], Greedy())
    assert caption.text == 'на картинке надпись на английском: "когда кот голоден".'


def test_its_settings_name_both_parts() -> None:
    settings = Translated.Config.model_validate({"translator": {"name": "marian", "model": "some/folder"}})
    assert settings.model_dump()["translator"]["model"] == "some/folder"
    assert settings.reader.name == defaults.READER
