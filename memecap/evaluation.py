"""A captioner and a split → captions → scores beside floors, with intervals and comparisons.

In: a checkpoint, a corpus whose text was read. Out, in one folder:
    evaluation.json         what was evaluated, and how; written first, so that a resumed run cannot mix two
    settings captions.jsonl          the captioner's caption for each row, with references and reading
    floors/<system>.jsonl   the same of each floor
    scores-<preset>.json    systems with scores, intervals and comparisons, under the presets after the first
    scores.json             the same under the first preset; written last

Floors: `random_caption` and `constant` look at nothing; `template` reads without training; `template_constant` and
`template_random` quote what it quotes after the best constant scene and the scene of a random training caption;
`shuffled_pictures` is the captioner given another row's picture and reading, `shuffled_pixels` another row's picture
only.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from memecap import checkpoint, floors, manifest, progress, reranking, significance, storage
from memecap.batching import Images
from memecap.captioners.base import Captioner, create
from memecap.config import configure
from memecap.decoding import Decoding, Greedy
from memecap.device import choose as choose_device
from memecap.encoders.base import sight, state_hash
from memecap.errors import DataError, UsageError
from memecap.leaderboard import rank, read_systems
from memecap.pictures import open_picture
from memecap.predictions import Prediction
from memecap.tasks import Task, tasks_of, warn_of_leaks

PRESETS = ("ru-words", "nltk-seed")
TEMPLATE = "template"
Write = Callable[[Sequence[Task]], list[str]]


def evaluate(
    model: str | Path | Captioner,
    corpus: Path,
    out: Path,
    *,
    split: str = "val",
    decoding: Decoding | None = None,
    batch_size: int = 16,
    limit: int | None = None,
    presets: Sequence[str] = PRESETS,
    resamples: int = significance.RESAMPLES,
    seed: int = 0,
    device: str | None = None,
    trust_code: bool = False,
) -> list[dict[str, Any]]:
    """Caption a split with a captioner and with every floor, score them all, and return what `scores.json`
    holds.

    A run that was stopped goes on where it was: the same command, the same folder.

    Args:
        model: a checkpoint or run folder, a Hub id, `template`, or a loaded captioner.
        limit: caption only so many rows, drawn with `seed`; all when None.
        trust_code: import the modules outside the package that a checkpoint names.

    Raises:
        DataError: the split has no pictures, or there are no training captions for the floors.
        UsageError: `out` holds the evaluation of something else.
    """
    place = choose_device(device)
    opened = manifest.open_corpus(corpus)
    tasks = tasks_of(opened, split, limit=limit, seed=seed)
    captioner = model if isinstance(model, Captioner) else _load(str(model), trust_code)
    chosen = decoding or captioner.decoding()
    captioner.to(place).eval()
    training = [caption for row in opened.rows("train") for caption in row.captions]
    settings = {
        "model": captioner.config.name if isinstance(model, Captioner) else str(model),
        "captioner": captioner.config.model_dump(mode="json"),
        "corpus": str(corpus.resolve()),
        "split": split,
        "reader": next((task.reading.reader for task in tasks if task.reading), ""),
        "rows": storage.sha256_bytes("\n".join(task.row.image_id for task in tasks).encode()),
        "decoding": chosen.model_dump(),
        "seed": seed,
        "leaks": warn_of_leaks(opened, tasks),
        "sight": "" if captioner.encoder is None else sight(captioner.encoder),
        "weights": state_hash(checkpoint.own_state(captioner)),
        "captions": _hash([*(task.row.captions for task in tasks), training]),
    }
    with storage.lock(out):
        _settle(out / "evaluation.json", settings)
        describe = _describer(captioner, chosen)
        _caption_all(out / "captions.jsonl", captioner.config.name, tasks, tasks, describe, batch_size)
        for name, shown, write in _floors(captioner, training, tasks, describe, seed):
            _caption_all(out / "floors" / f"{name}.jsonl", name, tasks, shown, write, batch_size)
        for preset in reversed(presets):
            path = out / ("scores.json" if preset == presets[0] else f"scores-{preset}.json")
            every = preset == presets[0]
            records = rank(
                read_systems(out),
                preset,
                every=every,
                training=training,
                resamples=resamples,
                seed=seed,
                quiet=not every,
            )
            storage.write_json(path, records)
    return records


def _load(model: str, trust_code: bool = False) -> Captioner:
    if model == TEMPLATE:
        return create(configure("captioners", model), ())
    return checkpoint.load(model, trust_code=trust_code)


def _floors(
    captioner: Captioner, training: Sequence[str], tasks: Sequence[Task], describe: Write, seed: int
) -> Iterator[tuple[str, Sequence[Task], Write]]:
    """Each floor: its name, what it is shown in place of each task, and how it captions a batch of that."""
    if not training:
        raise DataError("no training captions to make floors of", fix="Build the corpus with a train split.")
    ids = [task.row.image_id for task in tasks]
    drawn = dict(zip(ids, floors.random_captions(training, len(ids), seed=seed), strict=True))
    yield "random_caption", tasks, lambda batch: [drawn[task.row.image_id] for task in batch]
    constant = floors.best_constant(training, seed=seed)
    yield "constant", tasks, lambda batch: [constant] * len(batch)
    template = _load(TEMPLATE)
    if captioner.config.name != TEMPLATE:
        yield TEMPLATE, tasks, _describer(template, Greedy())
    scene = floors.best_scene(training, seed=seed)
    scenes = dict(zip(ids, floors.random_scenes(training, len(ids), seed=seed), strict=True))
    yield "template_constant", tasks, _quoting(template, lambda task: scene)
    yield "template_random", tasks, _quoting(template, lambda task: scenes[task.row.image_id])
    others = floors.derangement(tasks, seed=seed)
    yield "shuffled_pictures", others, describe
    if captioner.encoder is not None:
        swapped = [replace(task, picture=other.picture) for task, other in zip(tasks, others, strict=True)]
        yield "shuffled_pixels", swapped, describe


def _quoting(template: Captioner, scene: Callable[[Task], str]) -> Write:
    """What the template quotes of the same reading, after another scene."""

    def describe(batch: Sequence[Task]) -> list[str]:
        found = template.generate(None, [task.reading for task in batch], Greedy())
        quoted = [" ".join(quote.text for quote in captions[0].quotes) for captions in found]
        return [floors.compose(scene(task), text) for task, text in zip(batch, quoted, strict=True)]

    return describe


def _describer(captioner: Captioner, decoding: Decoding) -> Write:
    device = next((parameter.device for parameter in captioner.parameters()), torch.device("cpu"))

    @torch.inference_mode()
    def describe(batch: Sequence[Task]) -> list[str]:
        images = None
        if captioner.encoder is not None:
            pixels = torch.stack([captioner.encoder.transform(open_picture(task.picture)) for task in batch])
            images = Images(pixels=pixels.to(device))
        candidates = reranking.describe(captioner, images, [task.reading for task in batch], decoding)
        return [best[0].text for best in candidates]

    return describe


def _caption_all(
    path: Path, system: str, tasks: Sequence[Task], shown: Sequence[Task], write: Write, batch_size: int
) -> None:
    """Caption every task into `path`, going on from the rows an earlier run left in `<path>.part`."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    done = _resume(part)
    with part.open("a", encoding="utf-8") as file:
        for start in progress.track(range(len(done), len(tasks), batch_size), f"captions of {system}"):
            captions = write(shown[start : start + batch_size])
            for task, caption in zip(tasks[start : start + batch_size], captions, strict=True):
                file.write(json.dumps(_record(task, caption, system), ensure_ascii=False) + "\n")
            file.flush()
    storage.write_jsonl(path, storage.read_jsonl(part))
    part.unlink()


def _resume(part: Path) -> list[str]:
    """The whole lines of a file of captions in the making; a line torn by a kill is cut off."""
    lines = part.read_text(encoding="utf-8", errors="replace").split("\n") if part.exists() else [""]
    if lines[-1]:
        storage.write_text(part, "".join(line + "\n" for line in lines[:-1]))
    return lines[:-1]


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


def _hash(texts: Sequence[Sequence[str]]) -> str:
    return storage.sha256_bytes(json.dumps(texts).encode())


def _settle(path: Path, settings: dict[str, Any]) -> None:
    """Write the settings, or see that the folder's are the same; what an older memecap did not write is not asked."""
    held = storage.read_json(path) if path.exists() else {}
    if changed := sorted(key for key in settings.keys() & held.keys() if settings[key] != held[key]):
        raise UsageError(
            f"the folder holds an evaluation with another {', '.join(changed)}",
            where=path.parent,
            fix="Give another output folder, or delete this one.",
        )
    if not path.exists():
        storage.write_json(path, settings)
