"""The rows of a split that are captioned, each with what a captioner is shown for it.

In: a corpus, its text read before or by the reader that is named. Out: tasks, in the split's order.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from memecap.core import config, progress
from memecap.core.manifest import Corpus, Row
from memecap.errors import DataError, UsageError
from memecap.inference.remembering import remembered
from memecap.pictures.safe_open import open_picture
from memecap.reading.base import Reading
from memecap.reading.stored.readings import load_readings, read_corpus

if TYPE_CHECKING:
    from memecap.memory.memory import Memory

STORED = "stored"  # in place of a reader: what `memecap read` has left beside the corpus


@dataclass(frozen=True, slots=True)
class Task:
    """A row, and what the captioner is shown for it."""

    row: Row
    picture: Path
    reading: Reading | None


def tasks_of(
    corpus: Corpus,
    split: str,
    *,
    reader: Any = STORED,
    memory: Memory | None = None,
    limit: int | None = None,
    seed: int = 0,
) -> list[Task]:
    """The rows of a split that have a picture and a caption; only `limit` of them, drawn with `seed`, when given.

    Args:
        reader: `STORED`: the newest stored readings; a reader's name or settings: it reads what it has not read of the
            split, and stores it; None: nothing is told of the text.
        memory: what it knows of each picture is told with the reading.

    Raises:
        DataError: there is no such row.
        UsageError: the memory holds rows of this split.
    """
    rows = [row for row in corpus.rows(split) if row.file_name and row.captions]
    if not rows:
        fix = f"Its splits are: {', '.join(f'{name} ({count})' for name, count in corpus.counts.items())}."
        raise DataError(f"no row of the split {split!r} has a picture and a caption", where=corpus.folder, fix=fix)
    if limit is not None and limit < len(rows):
        kept = sorted(random.Random(seed).sample(range(len(rows)), limit))
        rows = [rows[i] for i in kept]
    readings = readings_of(corpus, [split], reader)
    tasks = [Task(row, picture, readings.get(row.image_id)) for row in rows if (picture := corpus.image_path(row))]
    return tasks if memory is None else _remembering(tasks, memory, corpus.name, split)


def _remembering(tasks: Sequence[Task], memory: Memory, corpus: str, split: str) -> list[Task]:
    """The tasks, each reading with what the memory knows of the picture."""
    refuse_own(tasks, memory, corpus, split)
    return [
        replace(task, reading=remembered(memory, open_picture(task.picture), task.reading))
        for task in progress.track(tasks, "remembering")
    ]


def refuse_own(tasks: Sequence[Task], memory: Memory, corpus: str, split: str) -> None:
    """Raises `UsageError` where a memory holds a row that is captioned, one of its group, or others of its split."""
    own = {key for task in tasks for key in (task.row.image_id, task.row.group_id)}
    held, same = memory.holds(own), memory.splits().get(corpus, {}).get(split, 0)
    if not held and not same:
        return
    what = f"the memory knows what is to be captioned: {same} rows of {corpus}, {split}"
    if held:
        what += f"; {len(held)} of these pictures or their groups, {min(held)} among them"
    fix = f"Build one without them: `memecap memory build` of the other splits of {corpus}, such as train."
    raise UsageError(what, where=memory.folder, fix=fix)


def readings_of(corpus: Corpus, splits: Sequence[str], reader: Any) -> dict[str, Reading]:
    """What is told of the pictures' text, by image id; `reader` as in `tasks_of`."""
    if reader is None:
        return {}
    if reader != STORED:
        return read_corpus(corpus, config.build("reading", reader), splits)
    readings = load_readings(corpus.folder)
    if not readings:
        progress.say(f"no stored readings: nothing will be quoted. `memecap read {corpus.folder}` reads the pictures.")
    return readings


def warn_of_leaks(corpus: Corpus, tasks: Sequence[Task]) -> int:
    """How many rows share a picture or a group with the training split; said aloud when there are any."""
    training = {key for row in corpus.rows("train") for key in (row.image_id, row.group_id)}
    leaks = sum(task.row.image_id in training or task.row.group_id in training for task in tasks)
    if leaks:
        progress.say(
            f"warning: {leaks} of {len(tasks)} rows share a picture or a group with train: scores are too high"
        )
    return leaks
