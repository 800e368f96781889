"""Training speed on this machine: tokens a second, how long the model waits for data, and what cached features save.

    python scripts/bench/bench_training.py configs/train/memes_small.yaml --steps 20

In: a training configuration whose corpora are built. Out: a Markdown table with a row for each stage and way to see.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import torch
from accelerate import Accelerator

from memecap import config
from memecap.captioners.base import Captioner, create
from memecap.errors import MissingFileError
from memecap.training import items, sampling
from memecap.training.config import StageConfig, TrainConfig
from memecap.training.data import Examples, load_windows
from memecap.training.optim import build_optimizer
from memecap.training.sight import Sight, open_sight


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", type=Path, nargs="?", default=Path("configs/train/memes_small.yaml"))
    parser.add_argument("--set", action="append", default=[], help="key=value")
    parser.add_argument("--steps", type=int, default=20)
    options = parser.parse_args()
    recipe = config.load(TrainConfig, options.config, options.set)
    if recipe.n_threads:
        torch.set_num_threads(recipe.n_threads)
    accelerator = Accelerator(mixed_precision="no" if recipe.precision == "fp32" else recipe.precision)
    try:
        corpora = [items.open_corpora(recipe, stage) for stage in recipe.stages]
    except MissingFileError as error:
        print(f"not measured: {error}")
        return
    captioner = create(recipe.captioner, items.train_captions(corpora))
    print(f"{options.config}: {sum(p.numel() for p in captioner.parameters()) / 1e6:.1f} M parameters, ", end="")
    print(f"{recipe.precision}, {torch.get_num_threads()} threads, {options.steps} steps a row\n")
    print("| stage | pictures | s/step | caption tokens/s | waiting for data |\n|---|---|---|---|---|")
    for stage, opened in zip(recipe.stages, corpora, strict=True):
        stored = open_sight(captioner, opened, stage, accelerator)
        computed = Sight(stored.encoder, None) if stored and stored.stored is not None else None
        for name, sight in (("features" if stored else "none", stored), ("pixels", computed)):
            if sight is not None or name != "pixels":
                train = items.load_items(opened, stage, "train", sight)
                print(measure(captioner, stage, train, sight, accelerator, recipe, options.steps, name), flush=True)


def measure(
    captioner: Captioner,
    stage: StageConfig,
    train: list[list[items.Item]],
    sight: Sight | None,
    accelerator: Accelerator,
    recipe: TrainConfig,
    n_steps: int,
    name: str,
) -> str:
    """One row of the table: a few real steps, the first of them not counted."""
    examples = Examples(captioner, [item for found in train for item in found], sight, simulate=stage.simulate_reading)
    optimizer = build_optimizer(captioner, stage)
    windows = sampling.windows(items.lengths(train), stage, [0])[: n_steps + 1]
    loaded = load_windows(examples, windows, seed="bench", n_workers=recipe.n_workers)
    waiting = total = 0.0
    n_tokens = 0
    captioner.train()
    for step in range(len(windows)):
        start = time.perf_counter()
        window = next(loaded)
        ready = time.perf_counter()
        for share in window:
            with accelerator.autocast():
                loss = captioner(share.batch.to(accelerator.device))
            accelerator.backward(loss.mean)
        optimizer.step()
        optimizer.zero_grad()
        if step:
            waiting += ready - start
            total += time.perf_counter() - start
            n_tokens += sum(share.n_tokens for share in window)
    n = max(len(windows) - 1, 1)
    return f"| {stage.name} | {name} | {total / n:.2f} | {n_tokens / total:.0f} | {waiting / total:.1%} |"


if __name__ == "__main__":
    main()
