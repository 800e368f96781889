"""Between reading and looking: what a memory knows of a picture, and afterwards whose words a caption took from it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from memecap.decoding.mbr import words_of
from memecap.memory.attribution import Attribution
from memecap.modeling.outputs import Caption
from memecap.reading.base import Reading
from memecap.text.quotes import scene

if TYPE_CHECKING:  # features and their index are large to import
    from memecap.memory.memory import Memory

NOBODY = "none"  # who has read, where there is no reader
RUN = 4  # words
SHARE = (
    0.3  # of a scene's runs of words that also stand in a remembered one: below it the words are the captioner's own
)


def open_memory(memory: str | Path | Memory | None) -> Memory | None:
    """The memory of a folder, or the one that is open already."""
    if not isinstance(memory, str | Path):
        return memory
    from memecap.memory.memory import Memory

    return Memory.open(Path(memory))


def remembered(memory: Memory, image: Image.Image, reading: Reading | None, exclude: Collection[str] = ()) -> Reading:
    """The reading with what a memory knows of the picture; `exclude`: image and group ids that it must not find."""
    read = reading or Reading((), *image.size, NOBODY)
    found = memory.ask(image, [line.box for line in read.lines], exclude=exclude)
    return replace(read, recollections=tuple(found))


def attributed(caption: Caption, reading: Reading | None) -> Caption:
    """The caption with its source, where it says none and its scene repeats what is remembered of the picture."""
    known = reading.recollections if reading else ()
    own = _runs(caption.text) if known and caption.source is None else set()
    if not own:
        return caption
    told = [(found, text) for found in known for text in found.captions]
    shares = [len(own & _runs(text)) / len(own) for _, text in told]
    best = max(range(len(told)), key=lambda i: shares[i], default=None)
    if best is None or shares[best] < SHARE:
        return caption
    return replace(caption, source=Attribution.of(*told[best]))


def _runs(text: str) -> set[tuple[str, ...]]:
    words = words_of(scene(text))
    return {tuple(words[i : i + RUN]) for i in range(len(words) - RUN + 1)}
