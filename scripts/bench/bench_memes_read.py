"""What each part of `memes_read` is worth: the same short training with one part left out, scored on validation memes.

    python scripts/bench/bench_memes_read.py [--data data] [--epochs 5] [--memes 273]

Trains configs/train/memes_read.yaml, narrower and shorter, once whole and once for each part; what is done already in
--out is not done again. The whole one is then captioned in other ways too. Prints a Markdown table.
"""

from __future__ import annotations

import argparse
import copy
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch

from memecap.captioners.base import Captioner, create
from memecap.checkpoints import checkpoint
from memecap.core import config
from memecap.core.manifest import open_corpus
from memecap.core.progress import track
from memecap.decoding.base import Search
from memecap.decoding.greedy import Greedy
from memecap.evaluation import floors
from memecap.inference.pipeline import Pipeline
from memecap.reading.base import Reading
from memecap.reading.stored.readings import load_readings
from memecap.scoring import score
from memecap.text.quotes import scene
from memecap.training.config import TrainConfig
from memecap.training.run import train

CONFIG = Path(__file__).parents[2] / "configs" / "train" / "memes_read.yaml"
SCORES = ("bleu1", "bleu4", "meteor", "chrf2", "quoted_recall", "quoted_precision")
BATCH = 16
LONGEST = 140  # tokens of a greedy caption


def without_language(settings: dict[str, Any]) -> None:
    del settings["stages"][0]


def without_slots(settings: dict[str, Any]) -> None:
    settings["captioner"]["slots"] = False


def without_hidden_lines(settings: dict[str, Any]) -> None:
    settings["stages"][-1]["line_dropout"] = 0.0


PARTS: dict[str, Callable[[dict[str, Any]], None]] = {
    "no text-only stage before": without_language,
    "no slots: quotes written out": without_slots,
    "no lines hidden in training": without_hidden_lines,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("data"), help="the folder that holds corpora/")
    parser.add_argument("--out", type=Path, default=Path("output/bench_memes_read"))
    parser.add_argument("--width", type=int, default=256)
    parser.add_argument("--language-epochs", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=5, help="of the stage of memes")
    parser.add_argument("--memes", type=int, default=273, help="validation memes captioned, evenly chosen")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    readings, references = val(options.data, options.memes)
    shifted = [*readings[1:], readings[0]]
    print("| captioner | BLEU-1 | BLEU-4 | METEOR | chrF2 | quoted recall | precision | scene BLEU-1 | scene chrF2 |")
    print("|---|--:|--:|--:|--:|--:|--:|--:|--:|", flush=True)
    floor_rows(options.data, readings, references)
    whole = trained(options, "whole", None)
    row("whole", whole, whole.default_search(), readings, references)
    row("greedy instead of consensus", whole, Greedy(max_new_tokens=LONGEST), readings, references)
    row("another meme's reading", whole, whole.default_search(), shifted, references)
    for title, leave_out in PARTS.items():
        captioner = trained(options, leave_out.__name__, leave_out)
        row(title, captioner, captioner.default_search(), readings, references)


def floor_rows(data: Path, readings: Sequence[Reading], references: Sequence[Sequence[str]]) -> None:
    """What the template quotes, alone and after the two scenes that look at nothing."""
    training = [caption for row in open_corpus(data / "corpora" / "memes").rows("train") for caption in row.captions]
    template = create(config.configure("captioners", "template"), ())
    found = [captions[0] for captions in template.generate(None, readings, Greedy())]
    quoted = [" ".join(quote.text for quote in caption.quotes) for caption in found]
    best, drawn = floors.best_scene(training), floors.random_scenes(training, len(readings))
    print_row("floor: template", [caption.text for caption in found], references)
    print_row("floor: template's quotes, constant scene", [floors.compose(best, text) for text in quoted], references)
    composed = [floors.compose(*pair) for pair in zip(drawn, quoted, strict=True)]
    print_row("floor: template's quotes, random scene", composed, references)


def val(data: Path, n: int) -> tuple[list[Reading], list[Sequence[str]]]:
    corpus = open_corpus(data / "corpora" / "memes")
    known, rows = load_readings(corpus.folder), list(corpus.rows("val"))
    chosen = [rows[i * len(rows) // n] for i in range(min(n, len(rows)))]
    return [known[row.image_id] for row in chosen], [row.captions for row in chosen]


def trained(options: argparse.Namespace, name: str, leave_out: Callable[[dict[str, Any]], None] | None) -> Captioner:
    settings = copy.deepcopy(config.read_yaml(CONFIG))
    settings["captioner"] |= {"width": options.width, "n_heads": 8}
    settings |= {"data_folder": options.data, "n_threads": options.threads, "val_captions": 0, "samples": 0}
    language, memes = settings["stages"]
    language["epochs"], memes["epochs"] = options.language_epochs, options.epochs
    if leave_out is not None:
        leave_out(settings)
    return checkpoint.load(train(config.validate(TrainConfig, settings, where=CONFIG), options.out / name)).eval()


def row(
    title: str,
    captioner: Captioner,
    decoding: Search,
    readings: Sequence[Reading],
    references: Sequence[Sequence[str]],
) -> None:
    """Caption the memes and print one row."""
    order = sorted(range(len(readings)), key=lambda i: len(readings[i].text))  # like lengths together
    texts = [""] * len(readings)
    pipeline = Pipeline(captioner, decoding=decoding)
    for batch in track([order[start : start + BATCH] for start in range(0, len(order), BATCH)], title):
        for i, ((best, *_),) in zip(batch, pipeline.write(None, [readings[i] for i in batch]), strict=True):
            texts[i] = best.text
    print_row(title, texts, references)


def print_row(title: str, texts: Sequence[str], references: Sequence[Sequence[str]]) -> None:
    scores = score.measure(texts, references).scores
    scenes = score.measure(
        [scene(text) or "-" for text in texts], [[scene(one) for one in several] for several in references]
    ).scores
    shown = [f"{scores[name]:.{1 if name.startswith(('bleu', 'chrf')) else 3}f}" for name in SCORES]
    print(f"| {title} | {' | '.join(shown)} | {scenes['bleu1']:.1f} | {scenes['chrf2']:.1f} |", flush=True)


if __name__ == "__main__":
    main()
