"""The pipeline asks a memory with the boxes of what it read, and says whose words a caption took."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from PIL import Image

from memecap.captioners.remember import Remember
from memecap.inference.load import load_captioner
from memecap.inference.pipeline import Pipeline
from memecap.inference.remembering import attributed
from memecap.inference.sidecars import RECORD, Sidecars
from memecap.memory.entry import Entry
from memecap.memory.recollection import Recollection
from memecap.modeling.outputs import Caption
from memecap.reading.base import Line, Reader, Reading
from tests.captioners.known import FOUND

BOX = (5, 5, 90, 15)


class OneLine(Reader):
    version = "one 1"

    def read(self, images: Sequence[Image.Image]) -> list[Reading]:
        return [Reading((Line("новый текст", BOX, 0.9),), *image.size, self.version) for image in images]


class Known:
    """A memory that knows white pictures."""

    identity = "known"

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []

    def entries(self) -> Iterator[Entry]:
        return iter(())

    def ask(self, picture: Image.Image, boxes: Any = (), *, exclude: Any = ()) -> list[Recollection]:
        self.asked.append((picture.size, tuple(boxes), tuple(exclude)))
        return [FOUND] if picture.getpixel((0, 0)) == (255, 255, 255) else []


def pictures() -> list[Any]:
    return [Image.new("RGB", (100, 200), colour) for colour in ("white", "black")]


def test_a_memory_is_asked_between_reading_and_describing() -> None:
    memory: Any = Known()
    known, new = Pipeline(Remember(Remember.Config()), OneLine(), memory=memory).caption(pictures())
    assert memory.asked == [((100, 200), (BOX,), ())] * 2
    assert known.text.startswith("Кот в шляпе") and known.source is not None
    assert known.reading is not None and known.reading.recollections == (FOUND,)
    assert new.source is None and new.reading is not None and not new.reading.recollections


def test_a_memory_without_a_reader_and_a_reader_without_a_memory() -> None:
    memory: Any = Known()
    known = load_captioner("remember", reader=None, memory=memory, device="cpu").caption(pictures()[0])
    assert '"' not in known.text and known.source is not None
    plain = Pipeline(Remember(Remember.Config()), OneLine()).caption(pictures()[0])
    assert plain.source is None and plain.reading is not None and plain.reading.recollections == ()


def test_what_was_known_before_is_not_asked_again() -> None:
    memory: Any = Known()
    pipeline = Pipeline(Remember(Remember.Config()), memory=memory)
    told = pipeline.describe(pictures(), [Reading((), 100, 200, "x", (FOUND,)), None])
    assert [caption.source is not None for caption in told] == [True, False] and memory.asked == []


@pytest.mark.parametrize(
    ("text", "is_told"),
    [
        ("Кот в шляпе сидит на крыше дома и смотрит вниз", True),
        ("Пёс лежит на траве, рядом мяч и миска с едой", False),
        ('Надпись: "кот в шляпе сидит на крыше"', False),  # what is quoted was read here
    ],
)
def test_any_captioner_says_whose_words_it_took(text: str, is_told: bool) -> None:
    reading = Reading((), 100, 200, "x", (replace(FOUND, image_id="b", captions=("Другое.",)), FOUND))
    source = attributed(Caption(text), reading).source
    assert (source is not None and source.image_id == "a") is is_told
    assert attributed(Caption(text), None).source is None


def test_a_sidecars_record_holds_the_source(tmp_path: Any) -> None:
    caption = Pipeline(Remember(Remember.Config())).describe(pictures()[:1], [Reading((), 9, 9, "x", (FOUND,))])[0]
    (tmp_path / "a.png").write_bytes(b"")
    Sidecars([tmp_path / "a.png"]).write(tmp_path / "a.png", caption.text, caption.source)
    assert '"licence":"CC-BY-4.0"' in (tmp_path / RECORD).read_text(encoding="utf-8").replace('": "', '":"')
