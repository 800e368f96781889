"""A batch of pictures → what the teacher says of each: a caption, or why there is none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from memecap.errors import DataError, MemecapError, StorageError, TryLaterError
from memecap.evaluation.tasks import Task
from memecap.inference.pipeline import Pipeline
from memecap.modeling.outputs import Caption


@dataclass(frozen=True, slots=True)
class Label:
    """The line of labels.jsonl of one picture."""

    image_id: str
    caption: str
    finished: bool = True
    log_probability: float | None = None  # nats, in four decimals
    error: str = ""  # why there is no caption
    refused: bool = False  # by the model, not by a broken picture
    again: bool = False  # another run may get one: it is not stored

    def to_json(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if name != "again"}


def write(pipeline: Pipeline, batch: Sequence[Task]) -> list[Label]:
    """Describe the pictures of a batch; a broken one spoils no other.

    Raises `TryLaterError`, `AuthError` and the like where the teacher itself is at fault.
    """
    try:
        captions = pipeline.describe([task.picture for task in batch], [task.reading for task in batch])
    except (DataError, StorageError) as error:
        if len(batch) > 1:
            return [label for task in batch for label in write(pipeline, [task])]
        return [_without(batch[0], error, refused=False)]
    return [_labelled(task, caption) for task, caption in zip(batch, captions, strict=True)]


def _labelled(task: Task, caption: Caption) -> Label:
    if caption.error is not None:
        return _without(task, caption.error, refused=True)
    likely = None if caption.log_probability is None else round(caption.log_probability, 4)
    return Label(task.row.image_id, " ".join(caption.text.split()), caption.finished, likely)


def _without(task: Task, error: MemecapError, *, refused: bool) -> Label:
    return Label(task.row.image_id, "", error=error.what, refused=refused, again=isinstance(error, TryLaterError))
