"""`memecap verify`: a byte that flips in anything that memecap writes is found; what is whole is not accused."""

from __future__ import annotations

import random
import shutil
import subprocess
from pathlib import Path

import pytest

from memecap.core import storage, sums
from memecap.core.verify import verify
from memecap.errors import DataError, MissingFileError
from tests.reliability.worlds import Verb, make, recipe, source

MEAN_COLOUR, READER = "tests.reliability.parts.mean_colour", "tests.web.known_reader"


def everything(world: Path) -> None:
    source(world)
    recipe(world)


ALL = Verb(
    "all",
    (),
    everything,
    before=[
        ("corpus", "build", "memes", "source", "--out", "corpus/memes"),
        ("read", "corpus/memes", "--reader", READER),
        ("features", "corpus/memes", "--encoder", MEAN_COLOUR),
        ("memory", "build", "corpus/memes", "--out", "memory", "--split", "train"),
        ("memory", "find", "memory", "corpus/memes", "--split", "val"),
        ("evaluate", "template", "corpus/memes", "--out", "evaluation", "--resamples", "100"),
        ("train", "recipe.yaml", "--out", "run"),
    ],
)
#: kind of artefact → its files
KINDS = {
    "pictures": "corpus/memes/*/images/*",
    "rows": "corpus/memes/*/metadata.jsonl",
    "manifest": "corpus/memes/*.*",
    "readings": "corpus/memes/readings/*",
    "features": "corpus/memes/features/*/*",
    "recollections": "corpus/memes/recollections/*",
    "memory": "memory/**/*",
    "checkpoint": "run/checkpoints/best/*",
    "run": "run/*.*",
    "scores": "evaluation/**/*",
}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    world = tmp_path_factory.mktemp("rot") / "world"
    make(ALL, world)
    for name in ("source", "data", "cache"):
        shutil.rmtree(world / name, ignore_errors=True)
    (world / "recipe.yaml").unlink()
    return world


def artefacts(world: Path, pattern: str) -> list[Path]:
    """The files of a kind that hold something: no locks, no caches."""
    found = [path for path in sorted(world.glob(pattern)) if path.is_file() and path.stat().st_size]
    return [path for path in found if not path.name.startswith(".")]


def missed(world: Path, kind: str, n_flips: int) -> list[str]:
    """Bytes that were flipped, each alone, and not found."""
    chance, files = random.Random(kind), artefacts(world, KINDS[kind])
    assert files
    folder = world / KINDS[kind].split("/")[0]
    unseen = []
    for _ in range(n_flips):
        path = chance.choice(files)
        whole = path.read_bytes()
        place = chance.randrange(len(whole))
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1 << chance.randrange(8)]) + whole[place + 1 :])
        if not verify([folder]).faults:
            unseen.append(f"{path.relative_to(world)}, byte {place}")
        path.write_bytes(whole)
    return unseen


@pytest.mark.timeout(600)  # a guard, not a measure
def test_what_is_whole_is_not_accused(written: Path) -> None:
    found = verify([written])
    assert (found.faults, found.unchecked) == ([], [])
    assert found.compared > 40


@pytest.mark.parametrize("kind", KINDS)
def test_flipped_bytes_are_found(written: Path, kind: str) -> None:
    assert missed(written, kind, 6) == []


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("kind", KINDS)
def test_500_flipped_bytes_are_found(written: Path, kind: str) -> None:
    assert missed(written, kind, 500) == []


@pytest.mark.skipif(not shutil.which("sha256sum"), reason="no sha256sum here")
def test_coreutils_agrees(written: Path) -> None:
    """An oracle: the list is one of coreutils', and right."""
    lists = sorted(written.rglob(sums.NAME))
    assert len(lists) >= 8
    for path in lists:
        subprocess.run(["sha256sum", "--strict", "--quiet", "-c", path.name], cwd=path.parent, check=True)


def test_files_that_are_gone_and_files_of_others(tmp_path: Path) -> None:
    storage.write_text(tmp_path / "a.txt", "a")
    storage.write_text(tmp_path / "b.txt", "b")
    sums.record(tmp_path, [tmp_path / "a.txt"])
    assert [Path(name).name for name in verify([tmp_path]).unchecked] == ["b.txt"]
    (tmp_path / "a.txt").unlink()
    assert [fault.rpartition(": ")[2] for fault in verify([tmp_path]).faults] == ["it is gone"]
    sums.record(tmp_path, [tmp_path / "b.txt"])
    assert sums.read(tmp_path).keys() == {"b.txt"}
    with pytest.raises(MissingFileError):
        verify([tmp_path / "nowhere"])


@pytest.mark.parametrize(
    "text",
    [
        "f" * 64 + " a.txt\n",
        "f" * 64 + "  a.txt",
        "F" * 64 + "  a.txt\n",
        "f" * 64 + "  b\n" + "f" * 64 + "  a\n",
        "\n",
    ],
)
def test_a_list_that_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / sums.NAME).write_text(text)
    with pytest.raises(DataError):
        sums.read(tmp_path)
    assert len(verify([tmp_path]).faults) == 1


def test_a_list_names_nothing_outside(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    storage.write_text(tmp_path / "secret", "x")
    (inner / sums.NAME).write_text(f"{storage.sha256_bytes(b'x')}  ../secret\n")
    assert "leads out" in verify([inner]).faults[0]
