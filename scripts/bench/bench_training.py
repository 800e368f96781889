"""Training speed on this machine: what cached features save, and how long the model waits for data.

    python scripts/bench/bench_training.py                                      # full-size ClipCap, random weights
    python scripts/bench/bench_training.py configs/train/memes_read.yaml --steps 20    # a recipe of yours

In: nothing, or a training configuration whose corpora are built. Without one, ruCLIP ViT-B/32-384 → MLP 10 → frozen
ruGPT3-small learns descriptions of noise; the files (2 GB) are made in a temporary folder unless `--files` names one.
Out: a Markdown table with a row for each stage and way to see, and what a sample's image tokens cost.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from accelerate import Accelerator
from PIL import Image

from memecap.captioners.base import create
from memecap.core import config, manifest
from memecap.errors import MissingFileError
from memecap.training import sampling
from memecap.training.config import TrainConfig
from memecap.training.datasets import Dataset, Item, load_items, open_corpora, train_captions
from memecap.training.image_inputs import ImageInputs, open_image_inputs
from memecap.training.optim import add_gradient, build_optimizer
from memecap.training.progress import Progress
from memecap.training.stage import StageRun

CAPTION = "На картинке {} человек смотрит в окно, а на подоконнике спит рыжий кот и ждёт, когда его покормят"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", type=Path, nargs="?", help="a recipe; without one, full-size ClipCap")
    parser.add_argument("--set", action="append", default=[], help="key=value")
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--encoder", default="ruclip-vit-base-patch32-384", help="of full-size ClipCap")
    parser.add_argument("--files", type=Path, help="keep the models' files here")
    options = parser.parse_args()
    if options.config:
        bench(config.load(TrainConfig, options.config, options.set), options.steps)
        return
    with tempfile.TemporaryDirectory() as temporary:
        recipe = full_size(options.encoder, options.files or Path(temporary), Path(temporary), options.steps)
        bench(config.load(TrainConfig, recipe, options.set), options.steps)


def full_size(encoder: str, files: Path, folder: Path, n_steps: int) -> Path:
    """A recipe on models of real shapes and a corpus of noise, each picture with one caption."""
    script = "import sys; from pathlib import Path; import full_size; full_size.write(sys.argv[1], Path(sys.argv[2]))"
    for model in (encoder, "rugpt3small"):
        subprocess.run([sys.executable, "-c", script, model, str(files)], check=True, cwd=Path(__file__).parent)
    corpus, batch_size = folder / "corpora" / "noise", 8
    rng = np.random.default_rng(0)
    (corpus / "train" / "images").mkdir(parents=True)
    rows = []
    for i in range(batch_size * (n_steps + 1)):
        name = f"images/{i}.jpg"
        Image.fromarray(rng.integers(0, 256, (480, 640, 3), dtype=np.uint8)).save(corpus / "train" / name)
        caption = CAPTION.format(i)
        row = manifest.Row(
            captions=(caption,), image_id=f"{i}", group_id=f"{i}", corpus="noise", split="train", file_name=name
        )
        rows.append(row)
    manifest.finish(corpus, "noise", manifest.write_rows(corpus, rows))
    captioner = {
        "name": "clipcap", "mapper": "mlp", "prefix_length": 10,
        "encoder": {"name": "ruclip", "model": str((files / encoder).resolve())},
        "decoder": {"model": str((files / "rugpt3small").resolve()), "train": "frozen"},
    }  # fmt: skip
    stage = {"name": "learn", "corpora": ["noise"], "epochs": 1, "batch_size": batch_size, "lr": 1e-5}
    values = {"captioner": captioner, "stages": [stage], "data_folder": str(folder)}
    recipe = folder / "recipe.yaml"
    recipe.write_text(config.to_yaml(config.validate(TrainConfig, values, where="bench")), encoding="utf-8")
    return recipe


def bench(recipe: TrainConfig, n_steps: int) -> None:
    """Print the table of a recipe."""
    if recipe.n_threads:
        torch.set_num_threads(recipe.n_threads)
    accelerator = Accelerator(mixed_precision="no" if recipe.precision == "fp32" else recipe.precision)
    try:
        corpora = open_corpora(recipe)
    except MissingFileError as error:
        print(f"not measured: {error}")
        return
    captioner = accelerator.prepare(create(recipe.captioner, train_captions(corpora)))
    n_parameters = sum(p.numel() for p in captioner.parameters()) / 1e6
    print(f"{recipe.captioner.name}: {n_parameters:.1f} M parameters, {recipe.precision}, ", end="")
    print(f"{torch.get_num_threads()} threads, {n_steps} steps a row\n")
    print("| stage | pictures | s/step | examples/s | caption tokens/s | waiting for data |\n|---|---|---|---|---|---|")
    for stage, opened in zip(recipe.stages, corpora, strict=True):
        stored = open_image_inputs(captioner, opened, stage, accelerator)
        computed = ImageInputs(stored.encoder, None) if stored and stored.stored is not None else None
        speeds = {}
        for name, inputs in (("features" if stored else "none", stored), ("pixels", computed)):
            if inputs is not None or name != "pixels":
                items = [load_items(corpus, stage, "train", inputs) for corpus in opened]
                train = Dataset(captioner, items, inputs, stage, train=False)
                speeds[name] = measure(train, accelerator, recipe, n_steps, name)
        if stored is not None and computed is not None:
            shown = load_items(opened[0], stage, "train", stored)[:8]
            looked = [look(inputs, shown) for inputs in (stored, computed)]
            print(
                f"\nA sample's image tokens: {1e3 * looked[0]:.3f} ms cached, {1e3 * looked[1]:.0f} ms recomputed ",
                end="",
            )
            print(f"({looked[1] / looked[0]:,.0f} ×); a whole step: {speeds['features'] / speeds['pixels']:.1f} ×\n")


def measure(train: Dataset, accelerator: Accelerator, recipe: TrainConfig, n_steps: int, name: str) -> float:
    """Print one row of the table: a few real steps, the first of them not counted. Returns examples a second."""
    captioner, stage = train.captioner, train.stage
    run = StageRun(
        config=recipe, stage=stage, accelerator=accelerator, captioner=captioner, model=captioner,
        optimizer=build_optimizer(captioner, stage), train=train, val=train, progress=Progress(),
    )  # fmt: skip
    windows = sampling.windows(run.lengths, stage, [0])[: n_steps + 1]
    loaded = sampling.load_windows(train, windows, seed="bench", n_workers=recipe.n_workers)
    waiting = total = 0.0
    n_tokens = n_examples = 0
    run.model.train()
    for step in range(len(windows)):
        start = time.perf_counter()
        window = next(loaded)
        ready = time.perf_counter()
        add_gradient(run, window)
        run.optimizer.step()
        run.optimizer.zero_grad()
        if step:
            waiting += ready - start
            total += time.perf_counter() - start
            n_tokens += sum(micro_batch.n_tokens for micro_batch in window)
            n_examples += sum(len(micro_batch.batch) for micro_batch in window)
    n = max(len(windows) - 1, 1)
    print(f"| {stage.name} | {name} | {total / n:.2f} | {n_examples / total:.2f} | ", end="")
    print(f"{n_tokens / total:.0f} | {waiting / total:.2%} |", flush=True)
    return n_examples / total


@torch.no_grad()
def look(inputs: ImageInputs, shown: list[Item]) -> float:
    """Seconds until the image tokens of one sample are there, the samples one after another."""
    start = time.perf_counter()
    for item in shown:
        seen = inputs.look(item.image_id, item.picture)
        if inputs.stored is None:
            inputs.encoder(seen[None])
    return (time.perf_counter() - start) / len(shown)


if __name__ == "__main__":
    main()
