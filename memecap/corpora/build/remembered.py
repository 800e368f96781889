"""Pictures of a build that show one picture, as a memory sees it: whatever crop, border, mirror or text they have.

In: the journal's units, the readings beside the corpus where it was read before. Out: pairs of groups. What a memory
keeps of the pictures stays beside the corpus, so that a build that was stopped goes on.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

from memecap.core.progress import track
from memecap.memory.entry import Entry
from memecap.memory.memory import Memory
from memecap.memory.recollection import RememberedLine
from memecap.reading.stored.readings import load_readings

FOLDER = ".memory"
_SURE = 0.75  # confidence from which two pictures must stand on one side


def remembered_bases(db: sqlite3.Connection, folder: Path, *, on: str) -> Iterator[tuple[str, str]]:
    """Pairs of bases of which a picture of the one shows a picture of the other."""
    pictures = db.execute("SELECT image_id, base, path FROM units WHERE path IS NOT NULL ORDER BY image_id").fetchall()
    readings = load_readings(folder)
    lines = {
        image_id: tuple(RememberedLine(line.text, line.box) for line in reading.lines)
        for image_id, reading in readings.items()
    }
    memory = Memory.create(folder / FOLDER)
    memory.add(
        (
            (
                _entry(image_id, base, lines.get(image_id, ())),
                Path(path),
                [line.box for line in lines.get(image_id, ())],
            )
            for image_id, base, path in track(pictures, "remembering pictures")
        ),
        on=on,
    )
    bases = {image_id: base for image_id, base, _ in pictures}
    asked = ((Path(path), [line.box for line in lines.get(image_id, ())], {image_id}) for image_id, _, path in pictures)
    answers = memory.ask_many(asked, on=on)
    for (_, base, _), found in zip(track(pictures, "comparing pictures"), answers, strict=True):
        for one in found:
            other = bases.get(one.image_id)  # the memory may hold pictures that the source no longer gives
            if one.confidence >= _SURE and other not in (None, base):
                assert other is not None
                yield base, other
    memory.close()


def _entry(image_id: str, base: str, lines: tuple[RememberedLine, ...]) -> Entry:
    return Entry(image_id=image_id, group_id=base, corpus="build", split="", captions=(), lines=lines)
