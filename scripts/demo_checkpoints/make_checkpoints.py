"""The tiny checkpoints that are shipped in demo/assets, and how they are made again; and one that is not shipped.

    python scripts/demo_checkpoints/make_checkpoints.py                  the shipped three into memecap/demo/assets
    python scripts/demo_checkpoints/make_checkpoints.py gpt2 --to FOLDER one of them, elsewhere
    python scripts/demo_checkpoints/train_rudolph.py output/demo/models  a RuDOLPH and its VQGAN, after `memecap demo`

Each is in the format of the real one it stands for: `ruclip` (ai-forever's three files), `gpt2` (transformers, with its
tokenizer), `marian` (OPUS-MT's files). They learn from the `school` half of the grammar only. SHA256SUMS tells what was
shipped; equal weights come out again only on an equal machine.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Callable, Sequence
from pathlib import Path

from memecap.core import progress, storage
from memecap.demo import grammar
from memecap.demo.world import ASSETS

SUMS = "SHA256SUMS"


def make(names: Sequence[str], folder: Path) -> None:
    """Train the named checkpoints into `folder`/<name> and write their checksums."""
    for name in names:
        loss = _MAKERS[name](folder / name)
        progress.say(f"{name}: loss {loss:.3f} nats")
    storage.write_text(folder / SUMS, "".join(f"{digest}  {path}\n" for path, digest in checksums(folder).items()))


def checksums(folder: Path) -> dict[str, str]:
    """Relative path → SHA-256 of every file of the checkpoints, sorted."""
    files = sorted(path for name in _MAKERS for path in (folder / name).rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): storage.sha256_file(path) for path in files}


def _ruclip(folder: Path) -> float:
    from train_ruclip import train_ruclip

    return train_ruclip(folder)


def _gpt2(folder: Path) -> float:
    from train_gpt2 import train_gpt2

    return train_gpt2(folder)


def _marian(folder: Path) -> float:
    from train_marian import train_marian

    rng = random.Random(0)
    scenes = [grammar.scene(rng, "school") for _ in range(4000)]
    return train_marian([pair for scene in scenes for pair in grammar.captions(scene)], folder, stop_loss=0.006)


_MAKERS: dict[str, Callable[[Path], float]] = {"ruclip": _ruclip, "gpt2": _gpt2, "marian": _marian}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", default=list(_MAKERS), help=f"of {', '.join(_MAKERS)}; all when none")
    parser.add_argument("--to", type=Path, default=ASSETS, help="folder [default: memecap/demo/assets]")
    arguments = parser.parse_args()
    make(arguments.names, arguments.to)


if __name__ == "__main__":
    main()
