"""The same bytes under another locale, time zone, hash seed, working folder, and order in which files are listed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from killing import files

from tests.reliability.worlds import ROOT, source, texts

READER, MEAN_COLOUR = "tests.web.known_reader", "tests.reliability.parts.mean_colour"
# One process for the whole road; the order of every list of files is turned round where `ORDER` says so.
ROAD = """
import os, random, sys
true_listdir, true_scandir = os.listdir, os.scandir
order = os.environ["ORDER"]

def other(entries):
    entries = sorted(entries, key=lambda entry: getattr(entry, "name", entry))
    if order == "backwards":
        entries.reverse()
    elif order == "any":
        random.Random(1).shuffle(entries)
    return entries

class Listed:
    def __init__(self, found):
        with found:
            self._entries = iter(other(found))
    def __iter__(self):
        return self._entries
    def __next__(self):
        return next(self._entries)
    def __enter__(self):
        return self
    def __exit__(self, *_):
        pass
    def close(self):
        pass

os.listdir = lambda *path: other(true_listdir(*path))
os.scandir = lambda *path: Listed(true_scandir(*path))
from memecap.cli import main
for arguments in COMMANDS:
    sys.argv = ["memecap", *arguments]
    try:
        main()
    except SystemExit as ended:
        assert not ended.code, (arguments, ended.code)
"""
SURROUNDINGS = {
    "plain": {"LC_ALL": "C.UTF-8", "TZ": "UTC", "PYTHONHASHSEED": "0", "ORDER": "forwards"},
    "C, far east, backwards": {"LC_ALL": "C", "TZ": "Asia/Kamchatka", "PYTHONHASHSEED": "1", "ORDER": "backwards"},
    "Turkish, far west, any order": {
        "LC_ALL": "tr_TR.UTF-8", "TZ": "America/Anchorage", "PYTHONHASHSEED": "2", "ORDER": "any"
    },
}  # fmt: skip
TRAIN = """\
captioner: {{name: toys.captioner}}
data_folder: {world}/data
stages:
  - {{name: one, corpora: [first], epochs: 2, batch_size: 8, lr: 0.01}}
"""


def commands(world: Path) -> list[tuple[str, ...]]:
    corpus, out = str(world / "out" / "memes"), str(world / "out")
    return [
        ("corpus", "build", "memes", str(world / "source"), "--out", corpus),
        ("corpus", "build", "pictures", str(world / "source" / "images"), "--out", f"{out}/wild"),
        ("read", corpus, "--reader", READER),
        ("features", corpus, "--encoder", MEAN_COLOUR),
        ("memory", "build", corpus, "--out", f"{out}/memory", "--split", "train"),
        ("memory", "find", f"{out}/memory", corpus, "--split", "val"),
        ("label", f"{out}/wild", "--model", "template", "--reader", READER, "--out", f"{out}/labelled"),
        ("evaluate", "template", corpus, "--out", f"{out}/evaluation", "--resamples", "100"),
        *(
            ("corpus", "export", corpus, "--to", form, "--out", f"{out}/{form}")
            for form in ("webdataset", "coco", "tsv")
        ),
        ("train", str(world / "recipe.yaml"), "--out", f"{out}/run"),
    ]


def written(folder: Path) -> dict[str, bytes]:
    """All but what holds times: SQLite's own pages, and the speed of a training with what was made of it."""
    found = files(folder, without=("state.pt", "log.csv", ".pictures.sqlite"))
    found = {name: content for name, content in found.items() if not name.endswith("run/SHA256SUMS")}
    return {name: re.sub(rb'"tokens_per_s": \d+', b"", content) for name, content in found.items()}


def road(world: Path, surroundings: dict[str, str], elsewhere: Path) -> dict[str, bytes]:
    environment = {
        **os.environ, **surroundings, "MEMECAP_CACHE": str(world / "cache"),
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests" / "training")]),
    }  # fmt: skip
    program = ROAD.replace("COMMANDS", repr(commands(world)))
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        cwd=elsewhere,
        capture_output=True,
        text=True,
        errors="replace",
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return written(world / "out")


@pytest.mark.slow
@pytest.mark.timeout(3600)  # a guard, not a measure
def test_the_same_bytes_whatever_is_around(tmp_path: Path) -> None:
    outcomes = {}
    for number, (name, surroundings) in enumerate(SURROUNDINGS.items()):
        world, elsewhere = tmp_path / "world", tmp_path / f"elsewhere{number}"
        world.mkdir()
        elsewhere.mkdir()
        source(world)
        texts(world)
        (world / "recipe.yaml").write_text(TRAIN.format(world=world), encoding="utf-8")
        outcomes[name] = road(world, surroundings, elsewhere)
        world.rename(tmp_path / f"world{number}")
        assert not list(elsewhere.iterdir())
    first, *others = outcomes.values()
    assert len(first) > 60
    for name, found in zip(list(outcomes)[1:], others, strict=True):
        differing = sorted(key for key in first.keys() | found.keys() if first.get(key) != found.get(key))
        assert not differing, f"{name}: {differing}"
    print(f"{len(first)} files, the same under {len(outcomes)} surroundings")
