"""What people do to a picture leaves it in its group; what only looks like it is not joined; what leaks is found."""

from __future__ import annotations

import json
import random
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from memecap.core import manifest, storage
from memecap.corpora.build.build import build
from memecap.errors import UsageError
from tests.corpora.copies import CHANGES, N_MEMES, Change, Listed, changed, post


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
