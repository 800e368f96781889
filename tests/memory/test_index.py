import numpy as np
import pytest

from memecap.memory import index, index_files
from memecap.memory.features import WIDTH, Features
from memecap.memory.index import Index, Rows

EACH = 40  # features of an entry


def drawn(number: int) -> Features:
    rng = np.random.default_rng(number)
    values = rng.gamma(0.6, 1.0, (EACH, WIDTH))
    codes = np.minimum(np.round(np.sqrt(values / values.sum(1, keepdims=True)) * (15 / 0.45)), 15).astype(np.uint8)
    return Features(np.zeros((EACH, 2), np.float32), np.ones(EACH, np.float32), np.zeros(EACH, np.float32), codes)


def rows(numbers) -> Rows:
    return Rows.of((number, EACH, number * 7) for number in numbers)


@pytest.fixture
def small(monkeypatch):
    """What is large, in small: 100 entries of 4,000 features are quantised, in shards of 32 entries."""
    monkeypatch.setattr(index, "EXACT", 1000)
    monkeypatch.setattr(index_files, "ANEW", 2000)
    monkeypatch.setattr(index_files, "SHARD", 32 * EACH)


def found(made: Index, numbers) -> list[int]:
    """The entry of the nearest feature, by the most of each entry's features."""
    near = made.search(np.concatenate([drawn(number).vectors for number in numbers]), 1)
    return [int(np.bincount(each).argmax()) for each in near.rows[:, 0].reshape(len(numbers), EACH)]


def test_an_exact_search_is_numpy_s(tmp_path):
    made = index_files.update(tmp_path / "index", rows(range(20)), drawn)
    asked = drawn(1000).vectors
    held = np.concatenate([drawn(number).vectors for number in range(20)])
    squares = ((asked[:, None] - held[None]) ** 2).sum(2)
    near = made.search(asked, 5)
    assert near.distances == pytest.approx(np.sort(squares, 1)[:, :5], abs=1e-4)
    theirs = np.take_along_axis(squares, near.rows * EACH + near.places, 1)
    assert near.distances == pytest.approx(theirs, abs=1e-4)


def test_shards_answer_as_one_index(tmp_path, small):
    one = Index.build(rows(range(100)), drawn)
    many = index_files.update(tmp_path / "index", rows(range(100)), drawn)
    assert len(one.shards) == 1 and [len(shard.rows.numbers) for shard in many.shards] == [32, 32, 32, 4]
    asked = np.concatenate([drawn(number).vectors for number in (3, 50, 99, 1000)])
    here, there = one.search(asked, 6), many.search(asked, 6)
    assert here.distances == pytest.approx(there.distances, abs=1e-5)
    assert np.mean(here.rows == there.rows) > 0.99  # equal distances may stand in another order
    assert found(many, range(0, 100, 9)) == list(range(0, 100, 9))


def test_what_is_added_goes_into_the_last_shard(tmp_path, small, monkeypatch):
    folder = tmp_path / "index"
    index_files.update(folder, rows(range(100)), drawn)
    before = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    read: list[int] = []

    def noted(number: int) -> Features:
        read.append(number)
        return drawn(number)

    grown = index_files.update(folder, rows(range(140)), noted)
    assert read == list(range(100, 140)) and grown.holds(rows(range(140)))
    changed = {path.name for path in folder.iterdir() if before.get(path.name) != path.stat().st_mtime_ns}
    assert changed == {f"shard-0000{n}.{kind}" for n in (3, 4) for kind in ("faiss", "npz")}
    assert found(grown, (1, 99, 100, 139)) == [1, 99, 100, 139]
    assert index_files.update(folder, rows(range(140)), noted).holds(rows(range(140))) and len(read) == 40
    assert found(index_files.update(folder, rows(range(201)), drawn), (1, 200)) == [1, 200]  # trained anew
    assert (folder / "codebook.faiss").stat().st_mtime_ns != before["codebook.faiss"]


def test_a_build_that_was_killed_keeps_its_whole_shards(tmp_path, small):
    folder = tmp_path / "index"
    index_files.update(folder, rows(range(100)), drawn)
    (folder / "shard-00003.npz").unlink()
    (folder / "shard-00002.faiss").write_bytes(b"torn")
    read: list[int] = []

    def noted(number: int) -> Features:
        read.append(number)
        return drawn(number)

    made = index_files.update(folder, rows(range(100)), noted)
    assert read == list(range(64, 100)) and made.holds(rows(range(100)))
    assert found(made, (0, 70, 99)) == [0, 70, 99]


def test_rows_that_are_gone_or_other_pictures_are_noticed(tmp_path, small):
    folder = tmp_path / "index"
    index_files.update(folder, rows(range(100)), drawn)
    others = Rows.of((number, EACH, -number) for number in range(100))
    for changed in (rows(range(90)), others):
        loaded = index_files.load(folder)
        assert loaded is not None and not loaded.holds(changed)
        assert index_files.update(folder, changed, drawn).holds(changed)
