"""Each verb that writes, with a small world to run it in: what is there before, the command, where its results lie."""

from __future__ import annotations

import importlib
import json
import os
import shutil
import sys
import traceback
import warnings
from collections.abc import Callable, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from memecap.core import manifest
from memecap.core.manifest import Row

ROOT = Path(__file__).parents[2]
READER = "tests.web.known_reader"
TRAIN = """\
captioner: {name: toys.captioner}
data_folder: data
stages:
  - {name: pretrain, corpora: [first], epochs: 1, batch_size: 8, lr: 0.01}
  - {name: finetune, corpora: [first], epochs: 1, batch_size: 8, lr: 0.01}
save_every_s: 0
log_every: 2
samples: 2
"""


def pictures(folder: Path, numbers: Sequence[int]) -> None:
    """Pictures of coarse random squares, wide enough for the reader to read on them."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in numbers:
        squares = np.random.default_rng(number).integers(0, 256, (6, 12, 3), dtype=np.uint8)
        Image.fromarray(np.kron(squares, np.ones((31, 31, 1), dtype=np.uint8))).save(folder / f"{number}.png")


def source(world: Path, n: int = 6) -> None:
    """A folder of memes with their table, three of val among them."""
    for split, numbers in {"train": range(n), "val": range(100, 103)}.items():
        pictures(world / "source" / "images", numbers)
        lines = "".join(f'{number}\tКот {number}. Надпись "мем {number}".\n' for number in numbers)
        (world / "source" / f"{split}.csv").write_text("uid\ttext\n" + lines, encoding="utf-8")


def texts(world: Path, name: str = "first", **more: str) -> None:
    """A corpus of text alone."""
    folder = world / "data" / "corpora" / name
    rows = [
        Row(
            captions=(f"a cat sits on the mat {i}" if more else f"кот {'и кот ' * (i % 3)}тут {i}",),
            image_id=f"{i}",
            group_id=f"{i}",
            corpus=name,
            split="val" if i % 4 == 3 else "train",
            **more,
        )
        for i in range(16)
    ]
    manifest.finish(folder, name, manifest.write_rows(folder, rows))


def english(world: Path) -> None:
    texts(world, "en", language="en")


def recipe(world: Path) -> None:
    texts(world)
    (world / "recipe.yaml").write_text(TRAIN, encoding="utf-8")


def wild(world: Path) -> None:
    pictures(world / "source", range(5))


@dataclass(frozen=True)
class Verb:
    """A command and what it needs; `before` are commands that leave an older result."""

    name: str
    arguments: Sequence[str]
    prepare: Callable[[Path], None]
    before: Sequence[Sequence[str]] = ()
    then: Callable[[Path], None] | None = None  # between `before` and the command
    results: str = "out"
    unordered: Sequence[str] = field(default=())  # beginnings of names: files whose bytes hold times or an order


BUILD = ("corpus", "build", "memes", "source", "--out", "out/memes")
READ = ("read", "out/memes", "--reader", READER)
VERBS = [
    Verb("build", BUILD, source, before=[BUILD], then=lambda world: source(world, 8)),
    Verb("read", READ, source, before=[BUILD, (*READ, "--split", "val")]),
    Verb(
        "features",
        ("features", "out/memes", "--encoder", "tests.reliability.parts.mean_colour", "--batch-size", "2"),
        source,
        before=[BUILD, ("features", "out/memes", "--encoder", "tests.reliability.parts.mean_colour", "--split", "val")],
    ),
    Verb(
        "translate",
        (
            "translate",
            "data/corpora/en",
            "--to",
            "out/ru",
            "--engine",
            "tests.reliability.parts.known_words",
            "--cache",
            "out/cache.sqlite",
        ),
        english,
    ),
    Verb("train", ("train", "recipe.yaml", "--out", "out"), recipe),
    Verb(
        "evaluate",
        ("evaluate", "template", "corpus/memes", "--out", "out", "--resamples", "100"),
        source,
        before=[
            ("corpus", "build", "memes", "source", "--out", "corpus/memes"),
            ("read", "corpus/memes", "--reader", READER),
        ],
    ),
    Verb(
        "caption", ("caption", "out", "--reader", READER, "--sidecar"), lambda world: pictures(world / "out", range(4))
    ),
    Verb(
        "label",
        ("label", "corpus/wild", "--model", "template", "--reader", READER, "--out", "out/wild"),
        wild,
        before=[("corpus", "build", "pictures", "source", "--out", "corpus/wild")],
    ),
    Verb(
        "memory",
        ("memory", "build", "corpus/memes", "--out", "out"),
        source,
        before=[
            ("corpus", "build", "memes", "source", "--out", "corpus/memes"),
            ("read", "corpus/memes", "--reader", READER),
            ("memory", "build", "corpus/memes", "--out", "out", "--split", "val"),
        ],
    ),
    *(
        Verb(
            f"export {form}",
            ("corpus", "export", "corpus/memes", "--to", form, "--out", "out"),
            source,
            before=[("corpus", "build", "memes", "source", "--out", "corpus/memes")],
        )
        for form in ("webdataset", "coco", "tsv")
    ),
]


def make(verb: Verb, world: Path) -> None:
    """The world as the command finds it."""
    world.mkdir(parents=True)
    verb.prepare(world)
    for arguments in verb.before:
        code, said = run(arguments, world)
        assert code == 0, said
        import_as(world)
    if verb.then:
        verb.then(world)


def run(arguments: Sequence[str], world: Path, disk: Any = None) -> tuple[int, str]:
    """`memecap arguments` in a copy of this process; its exit code and what it said.

    `disk` is entered in the copy; what it was asked for lies in `<world>.calls` then.
    """
    said = world.with_name(f"{world.name}.said")
    child = start(arguments, world, said=said, disk=disk)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), said.read_text(encoding="utf-8", errors="replace")


def start(arguments: Sequence[str], world: Path, *, said: Path, disk: Any = None) -> int:
    """Begin `memecap arguments` in a copy of this process, whose number is returned; it speaks into a file."""
    if child := os.fork():
        return child
    code = 99
    try:
        code = _main(arguments, world, said, disk)
    finally:
        os._exit(code)


def _main(arguments: Sequence[str], world: Path, said: Path, disk: Any) -> int:
    os.dup2(os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644), 1)
    os.dup2(1, 2)
    sys.stdout, sys.stderr = (os.fdopen(number, "w", encoding="utf-8", closefd=False) for number in (1, 2))
    os.chdir(world)
    os.environ["MEMECAP_CACHE"] = str(world / "cache")
    sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "training")]
    sys.argv = ["memecap", *arguments]
    from memecap.cli import main

    code = 0
    try:
        with disk or nullcontext():
            main()
    except SystemExit as ended:
        code = int(ended.code or 0)
    except BaseException:
        traceback.print_exc()
        code = 98
    if disk:
        world.with_name(f"{world.name}.calls").write_text(json.dumps(disk.calls), encoding="utf-8")
    world.with_name(f"{world.name}.modules").write_text(json.dumps(list(sys.modules)), encoding="utf-8")
    sys.stdout.flush()
    sys.stderr.flush()
    return code


def import_as(world: Path) -> None:
    """Import what the last command in a world imported, so that the next ones find it."""
    for name in json.loads(world.with_name(f"{world.name}.modules").read_text(encoding="utf-8")):
        if name not in sys.modules and not name.startswith("__"):
            with suppress(Exception), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                importlib.import_module(name)


def again(pristine: Path, world: Path) -> None:
    """The world as it was, with its times: a build knows pictures by them."""
    shutil.rmtree(world, ignore_errors=True)
    shutil.copytree(pristine, world, symlinks=True)
