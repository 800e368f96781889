"""After an epoch: the loss on the val rows, captions of some of them, and their scores under `ru-words`."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from accelerate.utils import gather_object

from memecap.core.config import PartConfig
from memecap.core.parallel import chunks
from memecap.inference.pipeline import Pipeline
from memecap.modeling.batch import Example, collate, stack
from memecap.modeling.outputs import Loss
from memecap.scoring import score
from memecap.scoring.quantities import of_epoch
from memecap.training.datasets import Dataset
from memecap.training.diagnostics import signs
from memecap.training.progress import Record
from memecap.training.randomness import repeatable
from memecap.training.stage import Captioned, StageRun

BATCH = 32  # nothing is learnt here, so more examples fit than in training
N_SHUFFLED = 100


@torch.no_grad()
def validate(run: StageRun) -> tuple[Record, list[Captioned]]:
    """Scores (`val_loss` in nats per token, `val_chrf2` …) and captions; the random state is left as it was.

    Scores of captions are of the first `val_captions` rows: what is written beyond them is only shown.
    """
    if not run.val.items:
        return {}, []
    run.captioner.eval()
    with torch.random.fork_rng():
        scores: Record = {"val_loss": _loss(run, len(run.val.items)), **_gap(run)}
        captioned = [] if run.stage.text_only else _caption(run)
    if counted := captioned[: run.config.val_captions]:
        hypotheses, references = [one.caption.text for one in counted], [one.item.captions for one in counted]
        scores |= measure(hypotheses, references, run.config.val_metrics) | signs(counted)
    return scores, captioned


def measure(hypotheses: Sequence[str], references: Sequence[Sequence[str]], more: Sequence[PartConfig]) -> Record:
    """What is scored after each epoch (`quantities.of_epoch`), each as `val_…`."""
    found = score.measure(hypotheses, references, more=[metric.model_dump() for metric in more]).scores
    return {f"val_{name}": found[name] for name in of_epoch(more) if name in found}


def _loss(run: StageRun, n_items: int, *, shown: int = 0) -> float:
    """Nats a token of the first items' captions; with `shown`, each is told about the item so many places on."""
    accelerator, val = run.accelerator, run.val
    every = [(i, k) for i, item in enumerate(val.items[:n_items]) for k in range(len(item.captions))]
    every.sort(key=lambda pair: len(val.items[pair[0]].captions[pair[1]]))
    mine = every[accelerator.process_index :: accelerator.num_processes]
    total, n_tokens = 0.0, 0
    for batch in chunks(mine, BATCH):
        examples = [_example(val, i, k, (i + shown) % n_items) for i, k in batch]
        with accelerator.autocast():
            loss: Loss = run.captioner(collate(examples).to(accelerator.device))
        total += float(loss.total)
        n_tokens += loss.n_tokens
    return run.sum(total) / max(run.sum(n_tokens), 1)


def _example(val: Dataset, item: int, caption: int, shown: int) -> Example:
    """The example of a caption; picture and reading are those of the item that is shown."""
    seed = f"val/{item}"
    reading = val.reading(shown, caption if shown == item else 0, seed)
    return val.example(item, caption, image=val.image(shown, seed), reading=reading)


def _gap(run: StageRun) -> Record:
    """What the captioner loses when it is told about another row, in nats per token; if it is told anything."""
    n_items = min(len(run.val.items), N_SHUFFLED)
    if n_items < 2 or (run.val.image_inputs is None and not any(item.reading for item in run.val.items)):
        return {}
    return {"val_gap": _loss(run, n_items, shown=1) - _loss(run, n_items)}


def _caption(run: StageRun) -> list[Captioned]:
    """Captions of the first val rows, made by all processes together, in fp32 as `memecap evaluate` makes them."""
    accelerator, val = run.accelerator, run.val
    wanted = range(min(max(run.config.val_captions, run.config.samples), len(val.items)))
    pipeline = Pipeline(run.captioner, decoding=run.config.decoding, device=accelerator.device)
    made: list[tuple[int, Captioned]] = []
    for batch in chunks(wanted[accelerator.process_index :: accelerator.num_processes], BATCH):
        images = stack([val.image(item, f"val/{item}") for item in batch])
        readings = [val.reading(item, 0, f"val/{item}") for item in batch]
        seen = None if images is None else images.to(accelerator.device)
        with repeatable(False):  # on CUDA, top-p sampling has no other way
            found = pipeline.write(seen, readings)
        for item, ((best, *_),) in zip(batch, found, strict=True):
            made.append((item, Captioned(val.items[item], best.reading, best)))
    return [captioned for _, captioned in sorted(gather_object(made), key=lambda pair: pair[0])]
