"""What people do to a picture leaves it in its group; what only looks like it is not joined; what leaks is found."""

from __future__ import annotations

import json
import random
import runpy
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from memecap.core import manifest, storage
from memecap.corpora.base import CorpusSettings, Item, Source
from memecap.corpora.build.build import build
from memecap.corpora.duplicates.hash_neighbours import near_views
from memecap.corpora.tools.check import check
from memecap.corpora.tools.leaks import correlation
from memecap.corpora.tools.look import look
from memecap.demo import world
from memecap.demo.painter import paint as paint_meme
from memecap.errors import UsageError

Change = Callable[[Image.Image], Image.Image]
CHANGES: dict[str, Change] = runpy.run_path(
    str(Path(__file__).parents[2] / "scripts" / "bench" / "bench_near_duplicates.py")
)["CHANGES"]
N_MEMES = 24
WORDS = ("кот", "пишет", "письмо", "маме", "вечером", "потому", "что", "завтра", "экзамен", "а", "не", "готов", "спать")


class Listed(Source):
    """A corpus of these pictures, their names being their keys."""

    def __init__(self, *images: Path, splits: dict[str, str] | None = None, **options: Any) -> None:
        super().__init__(CorpusSettings(name="listed", source=Path(), **options))
        self.images, self.splits = images, splits or {}

    def items(self) -> Iterator[Item]:
        for path in self.images:
            captions, split = (f"описание {path.stem}",), self.splits.get(path.stem, "")
            yield Item(key=path.stem, captions=captions, image=path, split=split)


@pytest.fixture(scope="module")
def painted(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("painted")
    paths = [folder / f"{number}.png" for number in range(N_MEMES)]
    for number, (path, meme) in enumerate(zip(paths, world.memes(N_MEMES), strict=True)):
        paint_meme(meme, random.Random(number)).save(path)
    return paths


def changed(paths: list[Path], change: Change, folder: Path) -> list[Path]:
    folder.mkdir()
    copies = [folder / f"{path.stem}-copy.png" for path in paths]
    for path, copy in zip(paths, copies, strict=True):
        with Image.open(path) as image:
            change(image.convert("RGB")).save(copy)
    return copies


def groups(corpus: manifest.Corpus) -> dict[str, str]:
    return {row.source_id: row.group_id for split in corpus.counts for row in corpus.rows(split)}


def missed(paths: list[Path], change: Change, folder: Path) -> int:
    of = groups(build(Listed(*paths, *changed(paths, change, folder / "copies")), folder / "c"))
    assert of.keys() >= {path.stem for path in paths}
    return sum(of.get(f"{path.stem}-copy", group) != group for path in paths if (group := of[path.stem]))


@pytest.mark.parametrize("kind", CHANGES)
def test_a_changed_copy_is_in_the_group_of_its_original(painted: list[Path], tmp_path: Path, kind: str) -> None:
    assert missed(painted, CHANGES[kind], tmp_path) == 0


def test_different_memes_are_not_joined(painted: list[Path], tmp_path: Path) -> None:
    of = groups(build(Listed(*painted), tmp_path / "c"))
    assert len(set(of.values())) == N_MEMES


def post(number: int) -> Image.Image:
    """A post: the same head, the same lines, other words and another face."""
    rng = random.Random(number)
    image = Image.new("RGB", (600, 420), "white")
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(26)
    draw.ellipse((20, 20, 80, 80), fill=tuple(rng.randrange(256) for _ in range(3)))
    for line in range(8):
        draw.text((20, 100 + 38 * line), " ".join(rng.choices(WORDS, k=6)), font=font, fill="black")
    return image


def test_posts_of_one_layout_are_not_chained(tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}.png" for number in range(30)]
    for number, path in enumerate(paths):
        post(number).save(path)
    assert len(set(groups(build(Listed(*paths), tmp_path / "c")).values())) == 30


@pytest.mark.real
@pytest.mark.parametrize("kind", ["3 % off each side", "white border of 5 %", "brightness +15 %"])
def test_real_memes_are_found_again(shared_data: Path, tmp_path: Path, kind: str) -> None:
    chosen = random.Random(7).sample(sorted((shared_data / "memes" / "images").iterdir()), 20)
    assert missed(chosen, CHANGES[kind], tmp_path) == 0


def test_check_finds_what_the_grouping_let_through(painted: list[Path], tmp_path: Path) -> None:
    """At a similarity of 1 hardly anything is one group, so the copies land on both sides."""
    copies = changed(painted, CHANGES["3 % off each side"], tmp_path / "copies")
    sides = {path.stem: "train" for path in painted} | {path.stem: "val" for path in copies}
    for folder, paths in (("a", painted), ("b", copies)):
        build(Listed(*paths, splits=sides, similarity=1.0), tmp_path / folder)
    reports = check([tmp_path / "a", tmp_path / "b"])
    assert sum("nearly equal" in fault for fault in reports[1].faults) == N_MEMES
    assert reports[0].faults == []


def test_check_calls_a_clean_corpus_clean(painted: list[Path], tmp_path: Path) -> None:
    sides = {path.stem: ("train", "val")[number % 2] for number, path in enumerate(painted)}
    assert check([build(Listed(*painted, splits=sides), tmp_path / "c").folder])[0].faults == []


def test_correlation_tells_copies_from_posts_of_one_layout() -> None:
    for change in CHANGES.values():
        assert correlation(post(1), change(post(1))) > 0.8
    assert max(correlation(post(1), post(number)) for number in range(2, 12)) < 0.5


@pytest.mark.parametrize("side", range(4))
@pytest.mark.parametrize("share", [0.03, 0.05, 0.08])
def test_a_copy_that_lost_a_strip_of_one_side_is_a_copy(side: int, share: float) -> None:
    """What takes off the name of another community; grey noise stands for a photograph."""
    noise = np.random.default_rng(3).integers(0, 256, (40, 50), dtype=np.uint8)
    image = Image.fromarray(noise).resize((640, 500), Image.Resampling.BICUBIC)
    box = [0, 0, 640, 500]
    box[side] = round(box[side] + (1 if side < 2 else -1) * share * (640, 500)[side % 2])
    assert correlation(image, image.crop((box[0], box[1], box[2], box[3]))) > 0.65


def test_a_corpus_of_older_rules_stays_usable_and_its_rows_stay(painted: list[Path], tmp_path: Path) -> None:
    """Before, two copies were two groups; they stay where they are, and the journal is made anew."""
    copies = changed(painted[:4], CHANGES["3 % off each side"], tmp_path / "copies")
    sides = {path.stem: "train" for path in painted} | {path.stem: "val" for path in copies}
    corpus = Listed(*painted, *copies, splits=sides)
    apart = [build(Listed(*part, splits=sides), tmp_path / name) for name, part in (("c", painted), ("d", copies))]
    for path in apart[1].folder.glob("val/images/*"):
        storage.write_bytes(apart[0].folder / "val" / "images" / path.name, path.read_bytes())
    rows = {split: [*apart[0].rows(split), *apart[1].rows(split)] for split in ("train", "val")}
    make_old(apart[0].folder, rows)
    before = groups(manifest.open_corpus(apart[0].folder))
    again = build(corpus, apart[0].folder)
    assert groups(again) == before
    assert again.counts == {"train": N_MEMES, "val": 4}
    with pytest.raises(UsageError, match="split with"):
        build(Listed(*painted, *copies, splits=sides, similarity=0.5), again.folder)


def make_old(folder: Path, rows: dict[str, list[manifest.Row]]) -> None:
    """As a corpus and its journal were before fingerprints."""
    manifest.write_rows(folder, [row for split in rows for row in rows[split]])
    details = json.loads((folder / manifest.MANIFEST).read_text(encoding="utf-8"))
    details["counts"] = {split: len(own) for split, own in rows.items()}
    details["rules"] = {"val": 0.1, "test": 0.1, "salt": "memecap", "distance": 4}
    details.pop("metadata_sha256", None)
    storage.write_text(folder / manifest.MANIFEST, json.dumps(details))
    with closing(sqlite3.connect(folder / manifest.PICTURES)) as db:
        db.executescript(
            "CREATE TABLE older AS SELECT path, stamp, image_id, suffix, width, height, 0 AS dhash, plain, reason"
            " FROM pictures; DROP TABLE pictures; ALTER TABLE older RENAME TO pictures"
        )


def test_a_copy_follows_a_corpus_beside_that_has_an_older_journal(painted: list[Path], tmp_path: Path) -> None:
    sides = {path.stem: "test" for path in painted}
    first = build(Listed(*painted, splits=sides), tmp_path / "first")
    make_old(first.folder, {"test": list(first.rows("test"))})
    copies = changed(painted, CHANGES["white border of 5 %"], tmp_path / "copies")
    second = build(Listed(*copies, beside=(first.folder,)), tmp_path / "second")
    assert second.counts == {"test": N_MEMES}


def test_look_lays_groups_and_near_misses_side_by_side(painted: list[Path], tmp_path: Path) -> None:
    copy = changed(painted[:1], CHANGES["3 % off each side"], tmp_path / "copies")[0]
    half = tmp_path / "half.png"  # some of its parts are as they were
    with Image.open(painted[0]) as image:
        mixed = image.convert("RGB")
        mixed.paste("white", (0, mixed.height // 3, mixed.width, mixed.height))
        mixed.save(half)
    page = look(build(Listed(*painted, copy), tmp_path / "c"), samples=3).read_text(encoding="utf-8")
    assert "Groups of more than one row: 1 of 1" in page
    assert page.count('alt="описание 0"') + page.count('alt="описание 0-copy"') >= 2
    assert 'alt=""' not in page


def test_near_views_are_those_of_comparing_all() -> None:
    rng = np.random.default_rng(0)
    hashes = rng.integers(0, 2**64, (200, 3), dtype=np.uint64)
    for one, other in rng.integers(0, 200, (150, 2)):
        bits = rng.choice(64, rng.integers(0, 9), replace=False)
        hashes[one, rng.integers(3)] = hashes[other, rng.integers(3)] ^ np.uint64(sum(1 << int(bit) for bit in bits))
    every = {
        (i, j)
        for j in range(200)
        for i in range(j)
        if min(int(a ^ b).bit_count() for a in hashes[i] for b in hashes[j]) <= 6
    }
    assert {tuple(pair) for pair in near_views(hashes, 6).tolist()} == every


def test_a_crowd_of_one_hash_is_chained_within_bounds() -> None:
    pairs = near_views(np.full((2000, 4), 7, dtype=np.uint64), 6)
    assert len(pairs) < 2000 * 17
    assert {(i, i + 1) for i in range(1999)} <= {tuple(pair) for pair in pairs.tolist()}
    assert near_views(np.zeros((0, 4), dtype=np.uint64), 6).shape == (0, 2)
