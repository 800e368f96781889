#!/usr/bin/env python
"""Make the recogniser of meme lettering: paint lines, train a network on them, export it. Every step resumes.

python scripts/train_recogniser.py paint --data DATA --fonts /usr/share/fonts MORE --work WORK
python scripts/train_recogniser.py train --work WORK
python scripts/train_recogniser.py export --work WORK
"""

from __future__ import annotations

import argparse
import csv
import gzip
import hashlib
import json
from pathlib import Path

import cv2
import torch
from recogniser import learning, measuring, real, shards
from recogniser.alphabet import ALPHABET, written
from recogniser.export import to_onnx
from recogniser.fonts import Fonts
from recogniser.learning import Learner, Plan
from recogniser.network import Recogniser
from recogniser.painting import Grey, Painter
from recogniser.texts import Sources

from memecap.reading.recognisers.beam import Letters, counted

SHARD = 4_000  # lines


def paint(args: argparse.Namespace) -> None:
    """Paint the shards that are not there yet: number 0 is for validation, the others for training."""
    cv2.setNumThreads(1)
    sources = Sources.read(args.data, args.seed)
    painter = Painter(sources, Fonts.find(args.fonts), _pictures(args.data / "memes", args.backgrounds), args.seed)
    for number in range(-(-args.lines // SHARD) + 1):
        path = args.work / "painted" / f"{number:04d}"
        if not path.with_suffix(".json").exists():
            shards.write(path, (painter.paint(place) for place in range(number * SHARD, (number + 1) * SHARD)))
            print(f"painted {(number + 1) * SHARD} lines", flush=True)


def cut(args: argparse.Namespace) -> None:
    """Cut the real lines of the training memes: a shard of training lines for each margin, and one held out."""
    cv2.setNumThreads(1)
    for number, margin in enumerate((0.08, 0.2)):
        lines = list(real.of_corpus(args.corpus, args.readings, margin))
        learnt = [(line, text) for group, line, text in lines if not real.is_held(group)]
        held = [(line, text) for group, line, text in lines if real.is_held(group)]
        shards.write(args.work / "real" / f"{number:04d}", learnt)
        shards.write(args.work / "held" / f"{number:04d}", held)
        print(f"cut {len(learnt)} lines to learn from and {len(held)} to validate on", flush=True)


def train(args: argparse.Namespace) -> None:
    """Train from the newest checkpoint of the folder, or from nothing."""
    torch.set_num_threads(args.threads)
    cv2.setNumThreads(1)
    learner = Learner(Plan(seed=args.seed, lines=args.lines, cool=args.cool, rate=args.rate))
    folder = args.work / args.name
    if done := sorted(folder.glob("*.pt")):
        learner.resume(done[-1])
    elif args.start:
        learner.resume(args.start)
    painted = args.work / "painted"
    held = _held(args)
    learning.train(learner, painted, held, folder, args.work / "real" if args.real else None)


def count(args: argparse.Namespace) -> None:
    """Count the letters of captions and of the training memes' descriptions, of those not kept for validation."""
    with (args.corpus / "train" / "metadata.jsonl").open(encoding="utf-8") as rows:
        records = [json.loads(row) for row in rows]
    memes = [text for row in records if not real.is_held(row["group_id"]) for text in row["captions"]]
    sources = Sources.read(args.data, args.seed)
    texts = [written(text) for text in memes] * 2
    texts += [" ".join(words) for part in (sources.russian, sources.english) for words in part]
    lines = "".join(f"{letters}\t{seen}\n" for letters, seen in counted(texts, args.least).items())
    packed = gzip.compress(lines.encode(), 9, mtime=0)
    (args.assets / "recogniser_letters.gz").write_bytes(packed)
    print(f"{lines.count(chr(10))} sequences of letters in {len(packed)} bytes", flush=True)


def export(args: argparse.Namespace) -> None:
    """Write the averaged weights of a stage's newest checkpoint as ONNX, and the card beside them."""
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    newest = sorted((args.work / args.name).glob("*.pt"))[-1]
    state = torch.load(newest, weights_only=True)
    network = Recogniser()
    network.load_state_dict(state["average"])
    path = args.assets / "recogniser.onnx"
    to_onnx(network, path)
    held = _held(args)
    letters = Letters.read((args.assets / "recogniser_letters.gz").read_bytes())
    ways = {"greedy": measuring.by_network(path), "beam": measuring.by_network(path, letters)}
    figures = {
        kind: {way: measuring.figures(read, lines) for way, read in ways.items()} for kind, lines in held.items()
    }
    if args.tesseract:
        for name, lines in held.items():
            figures[name]["tesseract_psm_7"] = measuring.figures(measuring.by_tesseract, lines)
    card = {
        **json.loads((Path(__file__).parent / "recogniser" / "card.json").read_text(encoding="utf-8")),
        "version": f"memecap-lines-{hashlib.sha256(path.read_bytes()).hexdigest()[:8]}",
        "learnt": {key: state[key] for key in ("step", "seen", "seconds")} | {"plan": state["plan"]},
        "figures": figures,
        "characters": ALPHABET,
    }
    text = json.dumps(card, ensure_ascii=False, indent=2) + "\n"
    (args.assets / "recogniser.json").write_text(text, encoding="utf-8")
    print(json.dumps({"file": str(path), "bytes": path.stat().st_size, "figures": figures}, indent=2))


def _held(args: argparse.Namespace) -> dict[str, list[tuple[Grey, str]]]:
    """Lines that nothing is learnt from: painted ones, and real ones where they have been cut."""
    paths = {"painted": args.work / "painted" / "0000.json", "real": args.work / "held" / "0000.json"}
    return {name: _some(path, args.held) for name, path in paths.items() if path.exists()}


def _some(path: Path, count: int) -> list[tuple[Grey, str]]:
    """Lines of a shard, evenly chosen."""
    shard = shards.read(path)
    return [(shard.line(place), shard.texts[place]) for place in range(0, len(shard), max(1, len(shard) // count))]


def _pictures(memes: Path, count: int) -> list[Grey]:
    """Pictures of the training memes in grey, at half their size."""
    with (memes / "train.csv").open(encoding="utf-8", newline="") as lines:
        names = [row[0] for row in csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)][1:]
    paths = [memes / "images" / f"{name}.jpg" for name in sorted(names)[:count]]
    found = (cv2.imread(str(path), cv2.IMREAD_REDUCED_GRAYSCALE_2) for path in paths)
    return [picture for picture in found if picture is not None]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    steps = parser.add_subparsers(required=True)
    step = steps.add_parser("paint", help="paint lines of text to shards")
    step.add_argument("--data", type=Path, required=True, help="folder with memes/ and flickr30k/")
    step.add_argument("--fonts", type=Path, nargs="+", required=True, help="folders of fonts")
    step.add_argument("--lines", type=int, default=280_000)
    step.add_argument("--backgrounds", type=int, default=1_000, help="pictures of training memes behind the lines")
    step.set_defaults(do=paint)
    step = steps.add_parser("cut", help="cut real lines where a reading agrees with the description")
    step.add_argument("--corpus", type=Path, required=True, help="built corpus of memes; its training side is used")
    step.add_argument("--readings", type=Path, required=True, help="stored readings of it, lines with boxes")
    step.set_defaults(do=cut)
    step = steps.add_parser("train", help="learn from the painted lines")
    step.add_argument("--name", default="checkpoints", help="folder of this stage's checkpoints")
    step.add_argument("--start", type=Path, help="checkpoint of an earlier stage to start from")
    step.add_argument("--real", action="store_true", help="learn from the cut lines too, in two steps of five")
    step.add_argument("--lines", type=int, default=1_000_000, help="lines to learn from in all, repeats counted")
    step.add_argument("--cool", type=int, default=100_000, help="lines at the end over which the rate falls")
    step.add_argument("--rate", type=float, default=1.5e-3)
    step.add_argument("--held", type=int, default=240, help="lines to validate on, of each kind")
    step.add_argument("--threads", type=int, default=1)
    step.set_defaults(do=train)
    step = steps.add_parser("count", help="count which letters follow one another, for the beam")
    step.add_argument("--data", type=Path, required=True, help="folder with memes/ and flickr30k/")
    step.add_argument("--corpus", type=Path, required=True, help="built corpus of memes; its training side is used")
    step.add_argument("--assets", type=Path, default=Path("memecap/reading/assets"))
    step.add_argument("--least", type=int, default=2, help="how often longer sequences must have been seen")
    step.set_defaults(do=count)
    step = steps.add_parser("export", help="write the network and its card for the package")
    step.add_argument("--name", default="checkpoints", help="folder of the stage's checkpoints")
    step.add_argument("--assets", type=Path, default=Path("memecap/reading/assets"))
    step.add_argument("--held", type=int, default=1_000, help="lines to measure on, of each kind")
    step.add_argument("--tesseract", action="store_true", help="measure Tesseract's line mode beside it")
    step.set_defaults(do=export)
    for step in steps.choices.values():
        step.add_argument("--work", type=Path, required=True, help="folder of shards and checkpoints")
        step.add_argument("--seed", type=int, default=13)
    args = parser.parse_args()
    args.do(args)


if __name__ == "__main__":
    main()
