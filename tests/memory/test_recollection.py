import json

from memecap.memory.recollection import Recollection, RememberedLine
from memecap.reading.base import Line, Reading

KNOWN = Recollection(
    image_id="a" * 64,
    group_id="g",
    corpus="memes",
    split="train",
    captions=("Кот смотрит на рыбу.",),
    lines=(RememberedLine("когда пришёл домой", (1, -4, 90, 20)),),
    box=(0, 0, 100, 80),
    covered=0.7,
    inliers=41,
    confidence=0.98,
    transform=(1.0, 0.0, 3.5, 0.0, 1.0, -2.0),
    differs=((5, 6, 7, 8),),
)


def test_a_reading_keeps_its_recollections_through_json() -> None:
    reading = Reading((Line("да", (0, 0, 5, 5), 0.9),), 100, 80, "toy 1", (KNOWN,))
    assert Reading.from_json(json.loads(json.dumps(reading.to_json()))) == reading


def test_a_reading_without_recollections_is_written_as_before() -> None:
    assert "recollections" not in Reading((), 10, 10, "toy 1").to_json()
