"""A captioner and a split → captions → scores beside floors, with intervals and comparisons.

In: a checkpoint, a corpus whose text was read. Out, in one folder:
    evaluation.json         what was evaluated, and how; written first, so that a resumed run cannot mix two settings
    captions.jsonl          the captioner's caption for each row, with references and reading
    floors/<system>.jsonl   the same of each floor
    scores-<preset>.json    systems with scores, intervals and comparisons, under the presets after the first
    scores.json             the same under the first preset; written last
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from memecap.captioners.base import Captioner
from memecap.core import manifest, storage, sums
from memecap.core.parallel import open_place, with_made
from memecap.decoding.base import Search
from memecap.errors import UsageError
from memecap.evaluation import floors
from memecap.evaluation.captions import Described, caption_all, describe
from memecap.evaluation.tasks import STORED, Task, tasks_of, warn_of_leaks
from memecap.inference.elsewhere import HERE
from memecap.inference.identity import OPERATIONAL, identity
from memecap.inference.load import load_captioner
from memecap.inference.precision import Precision
from memecap.inference.ranking import Ranking
from memecap.inference.remembering import open_memory
from memecap.inference.styles import Style
from memecap.scoring import significance
from memecap.scoring.compare import rank, read_systems

if TYPE_CHECKING:
    from memecap.memory.memory import Memory

PRESETS = ("ru-words", "nltk-seed")
BEFORE = {"ranking": None, "precision": "fp32", "memory": None, "style": "plain"}  # of evaluations that do not say it


def evaluate(
    model: str | Path | Captioner,
    corpus: Path,
    out: Path,
    *,
    split: str = "val",
    reader: Any = STORED,
    memory: str | Path | Memory | None = None,
    decoding: Search | None = None,
    ranking: Ranking | None = None,
    precision: Precision = "fp32",
    style: Style = "plain",
    device: str | None = None,
    batch_size: int = 16,
    limit: int | None = None,
    presets: Sequence[str] = PRESETS,
    resamples: int = significance.RESAMPLES,
    seed: int = 0,
    trust_code: bool = False,
    on: str = HERE,
) -> list[dict[str, Any]]:
    """Caption a split with a captioner and with every floor, score them all; returns what `scores.json` holds.

    A run that was stopped goes on: the same command, the same folder.

    Args:
        reader, memory: see `tasks_of`; model and the further ones as in `load_captioner`.
        limit: caption only so many rows, drawn with `seed`.
        on: where the captioner runs, see `parallel_map`; the captions are the same everywhere.

    Raises:
        DataError: no pictures in the split, or no training captions for the floors.
        UsageError: `out` holds another evaluation, the memory rows of the split, or what is loaded is to run elsewhere.
        TryLaterError: the model does not answer now.
    """
    opened, known = manifest.open_corpus(corpus), open_memory(memory)
    make = partial(
        load_captioner,
        model,
        reader=None,  # a split is read, and remembered, before: once for all that is shown of it
        memory=memory,
        decoding=decoding,
        ranking=ranking,
        precision=precision,
        style=style,
        device=device,
        trust_code=trust_code,
    )
    pipeline = make()
    tasks = tasks_of(opened, split, reader=reader, memory=known, limit=limit, seed=seed)
    settings = {"corpus": str(corpus.resolve()), "split": split, "seed": seed, "leaks": warn_of_leaks(opened, tasks)}
    training = [caption for row in opened.rows("train") for caption in row.captions]
    with storage.lock(out), open_place(on) as place:
        _claim(out / "evaluation.json", identity(pipeline) | _told(tasks, training) | settings)
        write = with_made(describe, make, on=on, made=pipeline)
        ours = Described(pipeline.captioner.config.name, tasks, write, partial(place, chunk=1))
        caption_all(out / "captions.jsonl", ours, tasks, batch_size)
        for floor in floors.every_floor(pipeline, ours, training, tasks, seed=seed):
            caption_all(out / "floors" / f"{floor.name}.jsonl", floor, tasks, batch_size)
        return _score(out, presets, training=training, resamples=resamples, seed=seed)


def _told(tasks: Sequence[Task], training: Sequence[str]) -> dict[str, Any]:
    """Which rows are captioned, who read them, and what they are measured against."""
    captions = json.dumps([*(task.row.captions for task in tasks), training])
    return {
        "reader": next((task.reading.reader for task in tasks if task.reading), ""),
        "rows": storage.sha256_bytes("\n".join(task.row.image_id for task in tasks).encode()),
        "captions": storage.sha256_bytes(captions.encode()),
    }


def _claim(path: Path, settings: Mapping[str, Any]) -> None:
    """Write the settings, or see that the folder's are the same; another device may go on with it."""
    if not path.exists():
        storage.write_json(path, settings)
        return
    held = BEFORE | storage.read_json(path)
    if changed := sorted(key for key in (settings.keys() & held.keys()) - OPERATIONAL if settings[key] != held[key]):
        what = f"the folder holds an evaluation with another {', '.join(changed)}"
        raise UsageError(what, where=path.parent, fix="Give another output folder, or delete this one.")


def _score(
    out: Path, presets: Sequence[str], *, training: Sequence[str], resamples: int, seed: int
) -> list[dict[str, Any]]:
    """The tables of what was captioned; those of the first preset are the last written, and returned."""
    sums.forget(out)
    records: list[dict[str, Any]] = []
    for preset in reversed(presets):
        main = preset == presets[0]
        records = rank(
            read_systems(out), preset, every=main, training=training, resamples=resamples, seed=seed, quiet=not main
        )
        storage.write_json(out / ("scores.json" if main else f"scores-{preset}.json"), records)
    sums.record(out, [*out.glob("*.json"), *out.glob("*.jsonl"), *out.glob("floors/*.jsonl")])
    return records
