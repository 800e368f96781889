"""Rows and corpora on disk: what is written is read, and a split depends on the group alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memecap.core import manifest, storage
from memecap.core.manifest import Row
from memecap.errors import DataError, MissingFileError


def row(number: int, **more: object) -> Row:
    values = {"captions": (f"кот {number}",), "image_id": f"{number:064d}", "group_id": f"g{number}", "corpus": "c"}
    return Row(**{**values, "split": "train", **more})  # type: ignore[arg-type]


def test_rows_come_back(tmp_path: Path) -> None:
    rows = [row(1, source_captions=("cat",), file_name="images/1.jpg"), row(2, split="val"), row(3, split="extra")]
    corpus = manifest.finish(tmp_path / "c", "c", manifest.write_rows(tmp_path / "c", rows), licence="free")
    assert list(corpus.counts.items()) == [("train", 1), ("val", 1), ("extra", 1)]
    assert [r for split in corpus.counts for r in corpus.rows(split)] == rows
    assert corpus.details["licence"] == "free"
    assert corpus.details["metadata_sha256"] == manifest.checksums(tmp_path / "c", corpus.counts)
    assert corpus.image_path(rows[0]) == tmp_path / "c" / "train" / "images" / "1.jpg"
    assert corpus.image_path(rows[1]) is None
    assert list(corpus.rows("absent")) == []


def test_any_order_gives_the_same_bytes(tmp_path: Path) -> None:
    rows = [row(n, group_id=f"g{n % 3}") for n in range(20)]
    manifest.write_rows(tmp_path / "a", rows)
    manifest.write_rows(tmp_path / "b", reversed(rows))
    a, b = ((tmp_path / name / "train" / "metadata.jsonl").read_bytes() for name in "ab")
    assert a == b


def test_an_unfinished_corpus_is_none(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match="no such corpus"):
        manifest.open_corpus(tmp_path / "c")
    manifest.write_rows(tmp_path / "c", [row(1)])
    with pytest.raises(MissingFileError, match="no finished corpus"):
        manifest.open_corpus(tmp_path / "c")


def test_a_row_that_is_none_is_named_with_its_line(tmp_path: Path) -> None:
    record = {**row(1).to_json(), "colour": "red"}
    storage.write_jsonl(tmp_path / "c" / "train" / "metadata.jsonl", [row(2).to_json(), record])
    corpus = manifest.finish(tmp_path / "c", "c", {"train": 2})
    with pytest.raises(DataError, match="unknown \\['colour'\\]") as caught:
        list(corpus.rows("train"))
    assert str(caught.value.where).endswith("metadata.jsonl, line 2")


@settings(max_examples=50)
@given(st.text(max_size=20), st.floats(0, 0.5), st.floats(0, 0.5), st.floats(0, 0.3))
def test_larger_shares_only_take_from_train(group: str, val: float, test: float, more: float) -> None:
    before = manifest.split_of(group, val=val, test=test)
    after = manifest.split_of(group, val=val + more, test=test)
    assert before == after or (before, after) == ("train", "val")


def test_shares_and_salts() -> None:
    counts = {"train": 0, "val": 0, "test": 0}
    for number in range(20_000):
        counts[manifest.split_of(str(number), val=0.2, test=0.1)] += 1
    assert abs(counts["val"] / 20_000 - 0.2) < 0.01
    assert abs(counts["test"] / 20_000 - 0.1) < 0.01
    moved = sum(manifest.split_of(str(n)) != manifest.split_of(str(n), salt="other") for n in range(1000))
    assert moved > 200


@pytest.mark.parametrize("manifest_json", ["[]", "{}", '{"name": "c", "counts": 3}', '{"name": 1, "counts": {}}'])
def test_what_is_no_manifest_is_called_so(tmp_path, manifest_json):
    (tmp_path / "corpus.json").write_text(manifest_json)
    with pytest.raises(DataError, match="not the manifest of a corpus"):
        manifest.open_corpus(tmp_path)


def test_a_corpus_of_others_names_no_split_outside_it(tmp_path):
    """Its splits name the files that a translation or an export writes, its rows the pictures that are read."""
    (tmp_path / "corpus.json").write_text('{"name": "c", "counts": {"../../x": 1}}')
    with pytest.raises(DataError, match="leads out of the folder"):
        manifest.open_corpus(tmp_path)
    (tmp_path / "corpus.json").write_text('{"name": "c", "counts": {"train": 1}}')
    row = Row(captions=("к",), image_id="1", group_id="1", corpus="c", split="../elsewhere", file_name="images/1.png")
    with pytest.raises(DataError, match="leads out of the folder"):
        manifest.open_corpus(tmp_path).image_path(row)


def test_the_mark_of_an_unfinished_corpus_is_made_in_one_step(tmp_path, monkeypatch):
    """A kill between two steps left a file that was no mark, and the same command refused to go on."""

    def in_two_steps(*_, **__):
        raise AssertionError("a temporary file, then another name")

    monkeypatch.setattr(storage, "atomic_writer", in_two_steps)
    manifest.reopen(tmp_path / "c")
    manifest.claim(tmp_path / "c")
    assert [path.name for path in (tmp_path / "c").iterdir()] == [manifest.UNFINISHED]
