"""Grouping, splitting, copying, resuming: what `build` promises of every corpus."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from killing import Killer
from PIL import Image, ImageDraw

from memecap.core import manifest, storage
from memecap.corpora.base import Item
from memecap.corpora.build.build import build
from memecap.corpora.memes import Memes
from memecap.corpora.memes import Settings as MemesSettings
from memecap.errors import DataError, UsageError
from tests.corpora.listed import Listed, all_rows, item


def left_out(folder: Path) -> dict[str, str]:
    return {item["key"]: item["reason"] for item in storage.read_jsonl(folder / manifest.LEFT_OUT)}


def test_official_splits_and_pictures(meme_tables: Path, tmp_path: Path) -> None:
    corpus = build(Memes(MemesSettings(source=meme_tables)), tmp_path / "c")
    assert corpus.counts == {"train": 6, "val": 3}
    for row in all_rows(corpus).values():
        path = corpus.image_path(row)
        assert path is not None
        assert storage.sha256_file(path) == row.image_id
        assert path.read_bytes() == (meme_tables / "images" / f"{row.source_id}.jpg").read_bytes()
        assert row.captions == (f'Надпись "мем {row.source_id}".',)


def test_equal_files_are_one_row_with_all_captions(paint, tmp_path: Path) -> None:
    one, other = paint("1.png", 1), paint("2.png", 1)
    corpus = build(Listed(item("1", one), item("2", other)), tmp_path / "c")
    (row,) = all_rows(corpus).values()
    assert row.captions == ("описание 1", "описание 2")


def test_near_duplicates_and_source_groups_are_one_group(paint, tmp_path: Path) -> None:
    items = [
        item("a", paint("a.png", 1)),
        item("b", paint("b.png", 1, dot=True)),
        item("c", paint("c.png", 2), group="post"),
        item("d", paint("d.png", 3), group="post"),
        item("e", paint("e.png", 4)),
    ]
    rows = all_rows(build(Listed(*items), tmp_path / "c"))
    assert rows["a"].image_id != rows["b"].image_id
    assert rows["a"].group_id == rows["b"].group_id
    assert rows["c"].group_id == rows["d"].group_id
    assert len({row.group_id for row in rows.values()}) == 3
    for row in rows.values():
        assert row.split == manifest.split_of(row.group_id)


def test_groups_join_through_one_another(paint, tmp_path: Path) -> None:
    items = [
        item("a", paint("a.png", 1), group="one"),
        item("b", paint("b.png", 1, dot=True), group="two"),
        item("c", paint("c.png", 2), group="two"),
        item("d", paint("d.png", 2, dot=True), group="three"),
    ]
    assert len({row.group_id for row in all_rows(build(Listed(*items), tmp_path / "c")).values()}) == 1


def test_the_stricter_official_split_keeps_a_near_duplicate(paint, tmp_path: Path) -> None:
    items = [
        item("a", paint("a.png", 1), split="train"),
        item("b", paint("b.png", 1, dot=True), split="val"),
        item("c", paint("c.png", 2), split="train"),
    ]
    corpus = build(Listed(*items), tmp_path / "c")
    assert {key: row.split for key, row in all_rows(corpus).items()} == {"b": "val", "c": "train"}
    assert left_out(corpus.folder) == {"a": "nearly equal to a picture of another split"}
    assert corpus.details["failed"] == 0
    assert corpus.details["left_out"] == 1


def test_equal_files_in_two_official_splits_keep_their_captions_apart(paint, tmp_path: Path) -> None:
    items = [item("a", paint("a.png", 1), split="train"), item("b", paint("b.png", 1), split="test")]
    (row,) = all_rows(build(Listed(*items), tmp_path / "c")).values()
    assert (row.split, row.captions) == ("test", ("описание b",))


def test_a_new_picture_between_two_splits_is_left_out(paint, tmp_path: Path) -> None:
    old = [item("a", paint("a.png", 1), split="train"), item("b", paint("b.png", 2), split="val")]
    build(Listed(*old), tmp_path / "c")
    bridge = [
        item("a2", paint("a2.png", 1, dot=True), group="bridge"),
        item("b2", paint("b2.png", 2, dot=True), group="bridge"),
    ]
    corpus = build(Listed(*old, *bridge), tmp_path / "c")
    assert {key: row.split for key, row in all_rows(corpus).items()} == {"a": "train", "b": "val"}
    assert set(left_out(corpus.folder)) == {"a2", "b2"}


def test_near_duplicates_follow_the_corpus_beside(paint, tmp_path: Path) -> None:
    first = build(Listed(item("a", paint("a.png", 1), split="test")), tmp_path / "first")
    near = item("b", paint("b.png", 1, dot=True))
    second = build(Listed(near, item("c", paint("c.png", 2)), beside=[first.folder]), tmp_path / "second")
    rows = all_rows(second)
    assert rows["b"].split == "test"
    assert rows["b"].group_id == all_rows(first)["a"].group_id
    assert "a" not in rows


def test_a_broken_and_a_missing_picture_stop_nothing(paint, tmp_path: Path) -> None:
    cut = paint("cut.jpg", 1)
    cut.write_bytes(cut.read_bytes()[:-200])
    corpus = build(
        Listed(item("cut", cut), item("gone", tmp_path / "gone.jpg"), item("good", paint("good.jpg", 2))),
        tmp_path / "c",
    )
    assert set(all_rows(corpus)) == {"good"}
    assert corpus.details["failed"] == 2
    assert "broken" in left_out(corpus.folder)["cut"]
    assert "No such file" in left_out(corpus.folder)["gone"]


def test_a_picture_that_is_put_right_enters_on_the_next_build(paint, tmp_path: Path) -> None:
    place = tmp_path / "images" / "late.jpg"
    items = [item("good", paint("good.jpg", 1)), item("late", place)]
    assert build(Listed(*items), tmp_path / "c").details["failed"] == 1
    paint("late.jpg", 2)
    assert build(Listed(*items), tmp_path / "c").details["failed"] == 0


def test_building_again_changes_no_byte(meme_tables: Path, tmp_path: Path) -> None:
    corpus = Memes(MemesSettings(source=meme_tables))
    build(corpus, tmp_path / "c")
    before = _bytes_of(tmp_path / "c")
    build(corpus, tmp_path / "c")
    assert _bytes_of(tmp_path / "c") == before


def test_other_rules_are_refused(meme_tables: Path, tmp_path: Path) -> None:
    build(Memes(MemesSettings(source=meme_tables)), tmp_path / "c")
    with pytest.raises(UsageError, match=r"val=0\.1"):
        build(Memes(MemesSettings(source=meme_tables, val=0.3)), tmp_path / "c")


def test_rows_that_leave_the_source_leave_the_corpus(paint, tmp_path: Path) -> None:
    items = [item(name, paint(f"{name}.png", seed), split="train") for seed, name in enumerate("abc")]
    build(Listed(*items), tmp_path / "c")
    corpus = build(Listed(*items[:2]), tmp_path / "c", drop_missing=True)
    assert set(all_rows(corpus)) == {"a", "b"}
    assert len(list((corpus.folder / "train" / "images").iterdir())) == 2


def test_a_split_that_becomes_empty_goes(tmp_path: Path) -> None:
    build(Listed(item("a", split="train"), item("b", split="val")), tmp_path / "c")
    corpus = build(Listed(item("a", split="train")), tmp_path / "c", drop_missing=True)
    assert corpus.counts == {"train": 1}
    assert not (corpus.folder / "val" / "metadata.jsonl").exists()


def test_an_unknown_split_and_an_empty_source_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="'dev' is no split"):
        build(Listed(item("a", split="dev")), tmp_path / "c")
    with pytest.raises(DataError, match="no item"):
        build(Listed(), tmp_path / "d")


def test_source_captions_stay_with_their_captions(tmp_path: Path) -> None:
    items = [
        Item(key="a", captions=("чисто",), source_captions=("чисто #мем",)),
        Item(key="a", captions=("чисто", "ещё"), source_captions=("чисто", "ещё http")),
    ]
    (row,) = all_rows(build(Listed(*items), tmp_path / "c")).values()
    assert row.captions == ("чисто", "ещё")
    assert row.source_captions == ("чисто #мем", "ещё http")


keys = st.lists(
    st.tuples(st.integers(0, 30), st.integers(0, 4), st.sampled_from(["", "train", "val", "test"])), min_size=1
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=keys, later=keys)
def test_adding_rows_moves_none(first: list, later: list, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Old rows keep split and group whatever comes later, and no group ever stands on two sides."""
    folder = tmp_path_factory.mktemp("grow") / "c"

    def items(drawn: list) -> list[Item]:
        return [item(str(n), group=f"g{n}-{g}" if g < 3 else f"shared{g}", split=split) for n, g, split in drawn]

    before = all_rows(build(Listed(*items(first)), folder)) if first else {}
    after = all_rows(build(Listed(*items(later), *items(first)), folder, drop_missing=True))
    splits: dict[str, set[str]] = {}
    for row in after.values():
        splits.setdefault(row.group_id, set()).add(row.split)
    assert all(len(sides) == 1 for sides in splits.values())
    new_splits = {row.image_id: (row.split, row.group_id) for row in after.values()}
    official = {str(n): {s for m, _, s in [*first, *later] if m == n and s} for n, _, _ in [*first, *later]}
    for key, row in before.items():
        if official[key] <= {row.split}:  # the source itself may not contradict what it said before
            assert new_splits[row.image_id] == (row.split, row.group_id)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_build_killed_at_any_moment_ends_in_the_same_bytes(meme_tables: Path, paint, tmp_path: Path) -> None:
    lines = "".join(f"{n}\tмем {n}\n" for n in range(100, 400))
    for number in range(100, 400):
        paint(f"{number}.jpg", number)
    (meme_tables / "train.csv").write_text("uid\ttext\n" + lines, encoding="utf-8")
    whole = tmp_path / "whole" / "c"
    build(Memes(MemesSettings(source=meme_tables)), whole)
    killer = Killer("memecap.corpora")
    n_steps = killer.run(build_job, meme_tables, tmp_path / "counted" / "c")
    for number, _ in killer.rounds(12, build_job, n_steps, lambda n: (meme_tables, tmp_path / f"killed{n}" / "c")):
        assert _bytes_of(tmp_path / f"killed{number}" / "c") == _bytes_of(whole)


def build_job(source: Path, folder: Path) -> None:
    build(Memes(MemesSettings(source=source)), folder)


def _bytes_of(folder: Path) -> dict[str, str]:
    return {
        os.fspath(path.relative_to(folder)): storage.sha256_file(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith(".")
    }


def test_what_stays_on_one_side(paint, tmp_path: Path) -> None:
    """Files alone; near-duplicates too; and a crop of a picture, which a memory knows and no hash."""
    scene = _scene(tmp_path / "scene.png", 1)
    crop = tmp_path / "crop.png"
    with Image.open(scene) as picture:
        picture.crop((150, 120, 390, 380)).resize((300, 330)).save(crop)
    items = [
        item("a", paint("a.png", 1), split="train"),
        item("b", paint("b.png", 1, dot=True), split="train"),
        item("c", scene, split="train"),
        item("d", crop, split="val"),
        item("e", _scene(tmp_path / "other.png", 2), split="val"),
    ]
    groups, left = {}, {}
    for by in ("file", "group", "picture"):
        rows = all_rows(build(Listed(*items, split_by=by), tmp_path / by))
        groups[by] = len({row.group_id for row in rows.values()})
        left[by] = sorted(left_out(tmp_path / by))
    assert groups == {"file": 5, "group": 4, "picture": 3}
    assert left == {"file": [], "group": [], "picture": ["c"]}  # the stricter side keeps the picture
    with pytest.raises(UsageError, match="split_by='file'"):
        build(Listed(*items, split_by="picture"), tmp_path / "file")


def _scene(path: Path, seed: int) -> Path:
    chance = random.Random(seed)
    picture = Image.new("RGB", (480, 480), "white")
    pen = ImageDraw.Draw(picture)
    for _ in range(400):
        x, y, size = chance.randrange(480), chance.randrange(480), chance.randrange(6, 40)
        colour = tuple(chance.randrange(256) for _ in range(3))
        chance.choice((pen.ellipse, pen.rectangle))((x, y, x + size, y + size), fill=colour)
    picture.save(path)
    return path
