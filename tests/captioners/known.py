"""A picture that was described before, and what is read on it now."""

from __future__ import annotations

from memecap.memory.recollection import Recollection, RememberedLine
from memecap.reading.base import Line, Reading

ABOVE = (5, 5, 90, 15)
READING = Reading((Line("НОВЫЙ ТЕКСТ", ABOVE, 0.9),), 100, 200, "test")
FOUND = Recollection(
    image_id="a",
    group_id="a",
    corpus="memes",
    split="train",
    captions=('Кот в шляпе сидит на крыше. Надпись сверху: "старый текст".',),
    lines=(RememberedLine("старый текст", ABOVE),),
    box=(0, 20, 100, 170),
    covered=0.8,
    inliers=60,
    confidence=0.97,
    transform=(1.0, 0.0, 0.0, 0.0, 1.0, 0.0),
    source_url="https://vk.com/wall-1_2",
    licence="CC-BY-4.0",
)
