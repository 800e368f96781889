"""A system's captions of a split, as a file that a stopped run goes on with: `<system>.jsonl`, until then `….part`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from memecap.core import progress, storage
from memecap.errors import TryLaterError
from memecap.evaluation.tasks import Task
from memecap.inference.pipeline import Pipeline
from memecap.scoring.predictions import Prediction

Write = Callable[[Sequence[Task]], list[str]]
Run = Callable[[Write, Iterable[Sequence[Task]]], Iterator[list[str]]]  # as `map`, here or elsewhere


@dataclass(frozen=True, slots=True)
class Described:
    """A captioner or a floor: what it is shown in place of each task, and how, and where, it captions batches."""

    name: str
    shown: Sequence[Task]
    write: Write
    run: Run = map


def describe(pipeline: Pipeline, batch: Sequence[Task]) -> list[str]:
    """What a captioner says of tasks: their readings were made before.

    A picture that the model refuses to describe has an empty caption, which is scored. Raises what another try may
    mend: it is no fault of the model's.
    """
    found = pipeline.describe([task.picture for task in batch], [task.reading for task in batch])
    for caption in found:
        if isinstance(caption.error, TryLaterError):
            raise caption.error
    return [caption.text for caption in found]


def caption_all(path: Path, system: Described, tasks: Sequence[Task], batch_size: int) -> None:
    """Caption every task into `path`, going on from the rows an earlier run left in `<path>.part`."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    storage.cut_torn_line(part)
    n_done = sum(1 for _ in storage.read_jsonl(part)) if part.exists() else 0
    with part.open("a", encoding="utf-8") as file:
        starts = range(n_done, len(tasks), batch_size)
        written = system.run(system.write, (system.shown[start : start + batch_size] for start in starts))
        for start, captions in progress.track(
            zip(starts, written, strict=True), f"captions of {system.name}", len(starts)
        ):
            for task, caption in zip(tasks[start : start + batch_size], captions, strict=True):
                file.write(storage.to_line(_record(task, caption, system.name)))
            file.flush()
    storage.write_jsonl(path, storage.read_jsonl(part))
    part.unlink()


def _record(task: Task, caption: str, system: str) -> dict[str, Any]:
    return Prediction(
        task.row.image_id,
        caption,
        task.row.captions,
        {
            "file_name": task.row.file_name,
            "system": system,
            "reading": None if task.reading is None else task.reading.to_json(),
        },
    ).to_json()
