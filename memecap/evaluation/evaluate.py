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
from pathlib import Path
from typing import TYPE_CHECKING, Any

from memecap.captioners.base import Captioner, TrainableCaptioner
from memecap.checkpoints import checkpoint
from memecap.core import manifest, storage
from memecap.decoding.base import Search
from memecap.encoders.base import sight, state_hash
from memecap.errors import UsageError
from memecap.evaluation import floors
from memecap.evaluation.captions import Described, caption_all, written_by
from memecap.evaluation.tasks import STORED, Task, tasks_of, warn_of_leaks
from memecap.inference.pipeline import Pipeline, load_captioner
from memecap.inference.precision import Precision
from memecap.inference.ranking import Ranking
from memecap.inference.remembering import open_memory
from memecap.scoring import significance
from memecap.scoring.compare import rank, read_systems

if TYPE_CHECKING:
    from memecap.memory.memory import Memory

PRESETS = ("ru-words", "nltk-seed")
BEFORE = {"ranking": None, "precision": "fp32", "memory": None}  # of evaluations that do not say it
OPERATIONAL = {"device"}  # may differ when an evaluation goes on


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
    device: str | None = None,
    batch_size: int = 16,
    limit: int | None = None,
    presets: Sequence[str] = PRESETS,
    resamples: int = significance.RESAMPLES,
    seed: int = 0,
    trust_code: bool = False,
) -> list[dict[str, Any]]:
    """Caption a split with a captioner and with every floor, score them all; returns what `scores.json` holds.

    A run that was stopped goes on where it was: the same command, the same folder.

    Args:
        model: a checkpoint or run folder, a Hub id, `template`, or a loaded captioner.
        reader, memory: see `tasks_of`; the further ones as in `load_captioner`.
        limit: caption only so many rows, drawn with `seed`; all when None.

    Raises:
        DataError: the split has no pictures, or there are no training captions for the floors.
        UsageError: `out` holds the evaluation of something else, or the memory holds rows of the split.
    """
    known = open_memory(memory)
    opened = manifest.open_corpus(corpus)
    pipeline = load_captioner(
        model,
        reader=None,  # a split is read, and remembered, before: once for all that is shown of it
        memory=known,
        decoding=decoding,
        ranking=ranking,
        precision=precision,
        device=device,
        trust_code=trust_code,
    )
    tasks = tasks_of(opened, split, reader=reader, memory=known, limit=limit, seed=seed)
    settings = {"corpus": str(corpus.resolve()), "split": split, "seed": seed, "leaks": warn_of_leaks(opened, tasks)}
    training = [caption for row in opened.rows("train") for caption in row.captions]
    captions = json.dumps([*(task.row.captions for task in tasks), training])
    settings["captions"] = storage.sha256_bytes(captions.encode())
    with storage.lock(out):
        _claim(out / "evaluation.json", _settings(pipeline, tasks) | settings)
        ours = Described(pipeline.captioner.config.name, tasks, written_by(pipeline))
        caption_all(out / "captions.jsonl", ours, tasks, batch_size)
        for floor in floors.every_floor(pipeline, training, tasks, seed=seed):
            caption_all(out / "floors" / f"{floor.name}.jsonl", floor, tasks, batch_size)
        return _score(out, presets, training=training, resamples=resamples, seed=seed)


def _settings(pipeline: Pipeline, tasks: Sequence[Task]) -> dict[str, Any]:
    """What the captions depend on."""
    captioner, ranking = pipeline.captioner, pipeline.ranker and pipeline.ranker.ranking
    own = captioner.state_dict()
    if isinstance(captioner, TrainableCaptioner):
        own = checkpoint.own_state(captioner)
    return {
        "model": pipeline.name,
        "captioner": captioner.config.model_dump(mode="json"),
        "reader": next((task.reading.reader for task in tasks if task.reading), ""),
        "rows": storage.sha256_bytes("\n".join(task.row.image_id for task in tasks).encode()),
        "decoding": pipeline.decoding.model_dump(),
        "ranking": ranking and ranking.model_dump(mode="json"),
        "precision": pipeline.precision,
        "memory": None if pipeline.memory is None else pipeline.memory.identity,
        "device": str(pipeline.device),
        "sight": "" if captioner.encoder is None else sight(captioner.encoder),
        "weights": state_hash(own),
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
    records: list[dict[str, Any]] = []
    for preset in reversed(presets):
        main = preset == presets[0]
        records = rank(
            read_systems(out), preset, every=main, training=training, resamples=resamples, seed=seed, quiet=not main
        )
        storage.write_json(out / ("scores.json" if main else f"scores-{preset}.json"), records)
    return records
