"""An index of shards, and exports made again: nothing of the user's, and no corpus that stands, is written over."""

from __future__ import annotations

import shutil
import tarfile
from pathlib import Path

import pytest

from memecap.core import manifest
from memecap.corpora.build.build import build
from memecap.corpora.memes import Memes, Settings
from memecap.corpora.tools.export import export
from memecap.corpora.tools.index_shards import index
from memecap.errors import DataError, UsageError


@pytest.fixture
def corpus(meme_tables: Path, tmp_path: Path) -> manifest.Corpus:
    return build(Memes(Settings(source=meme_tables)), tmp_path / "memes")


@pytest.fixture
def packed(corpus: manifest.Corpus, tmp_path: Path) -> Path:
    export(corpus, "webdataset", tmp_path / "packed")
    return tmp_path / "packed"


def contents(folder: Path) -> dict[str, bytes]:
    paths = (path for path in folder.rglob("*") if path.is_file() and path.name != ".lock")
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def strangers(path: Path) -> None:
    with tarfile.open(path, "w") as tar:
        tar.add(__file__, "notes.py")


def test_a_built_corpus_is_not_replaced_by_an_index(corpus: manifest.Corpus, packed: Path) -> None:
    """A backup in a tar beside the corpus is enough for a slip."""
    strangers(corpus.folder / "backup.tar")
    before = contents(corpus.folder)
    with pytest.raises(UsageError, match="no index of shards wrote"):
        index(corpus.folder)
    shutil.copy(packed / "train-000000.tar", corpus.folder)
    with pytest.raises(UsageError, match="no index of shards wrote"):
        index(corpus.folder)
    (corpus.folder / "train-000000.tar").unlink()
    assert contents(corpus.folder) == before


@pytest.mark.parametrize("name", ["train/metadata.jsonl", "shards.jsonl"])
def test_files_of_the_user_are_not_replaced_by_an_index(packed: Path, name: str) -> None:
    (packed / name).parent.mkdir(exist_ok=True)
    (packed / name).write_text("mine")
    with pytest.raises(UsageError, match="no index of shards wrote"):
        index(packed)
    assert (packed / name).read_text() == "mine"


def test_tar_files_without_rows_are_no_corpus(tmp_path: Path) -> None:
    strangers(tmp_path / "backup.tar")
    with pytest.raises(DataError, match="no row"):
        index(tmp_path)
    assert not (tmp_path / manifest.MANIFEST).exists()


def test_a_broken_shard_leaves_the_index_that_stands(packed: Path) -> None:
    index(packed)
    before = contents(packed)
    (packed / "broken.tar").write_bytes(b"not a tar, whatever its name")
    with pytest.raises(DataError, match="broken shard"):
        index(packed)
    (packed / "broken.tar").unlink()
    assert contents(packed) == before
    assert index(packed).counts == {"train": 6, "val": 3}
