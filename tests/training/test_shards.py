"""Training from packed pictures: the pixels, the losses and the weights are those of a run on files."""

from __future__ import annotations

import csv
import io
import json
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from memecap.core import manifest
from memecap.corpora.tools import index_shards
from memecap.corpora.tools.check import check
from memecap.corpora.tools.export import export
from memecap.errors import DataError, MissingFileError
from memecap.pictures.safe_open import open_picture
from memecap.training.config import TrainConfig
from memecap.training.run import train

LOOKS = {"name": "toys.captioner", "sees": True}
STAGES = [{"name": "seen", "corpora": ["second"], "epochs": 2, "batch_size": 4, "lr": 0.01}]


@pytest.fixture(params=[".", "shards"])
def packed(pictured: Path, tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """The corpus `second` again, in tar files of its own data folder; no picture is a file there."""
    folder = tmp_path / "packed" / "corpora" / "second"
    home = folder / request.param
    export(manifest.open_corpus(pictured), "webdataset", home)
    index_shards.index(folder)
    shutil.copytree(pictured / "readings", folder / "readings")
    assert not list(folder.rglob("*.png"))
    return folder


def test_the_pixels_and_the_rows_are_those_of_the_files(pictured: Path, packed: Path) -> None:
    files, shards = manifest.open_corpus(pictured), manifest.open_corpus(packed)
    assert files.counts == shards.counts
    for split in files.counts:
        name = f"{split}/{manifest.METADATA}"
        assert (packed / name).read_bytes() == (pictured / name).read_bytes()
        for row in shards.rows(split):
            seen, there = shards.image_path(row), files.image_path(row)
            assert seen is not None
            assert there is not None
            assert not seen.exists()
            assert np.array_equal(np.asarray(open_picture(seen)), np.asarray(open_picture(there)))


def test_a_packed_corpus_is_checked_and_exported_as_its_files_are(pictured: Path, packed: Path, tmp_path: Path) -> None:
    (files,), (shards,) = check([pictured]), check([packed])
    assert shards.pictures == files.pictures
    assert shards.faults == files.faults
    for form in ("tsv", "parquet", "webdataset"):
        written = [
            export(manifest.open_corpus(one), form, tmp_path / form / name)
            for one, name in ((pictured, "files"), (packed, "shards"))
        ]
        assert [path.read_bytes() for path in written[0]] == [path.read_bytes() for path in written[1]]


def log(run: Path) -> list[dict[str, Any]]:
    with (run / "log.csv").open(encoding="utf-8") as file:
        return [{key: value for key, value in row.items() if key != "tokens_per_s"} for row in csv.DictReader(file)]


@pytest.mark.parametrize("change", [{}, {"augment": True}])
def test_the_run_is_the_same(
    settings: Callable[..., TrainConfig], pictured: Path, packed: Path, tmp_path: Path, change: dict[str, Any]
) -> None:
    stages = [STAGES[0] | change]
    files = train(settings(captioner=LOOKS, stages=stages), tmp_path / "files")
    shards = train(settings(captioner=LOOKS, stages=stages, data_folder=packed.parents[1]), tmp_path / "shards")
    prints = [json.loads((run / "run.json").read_text())["weights_sha256"] for run in (files, shards)]
    assert prints[0] == prints[1]
    assert log(files) == log(shards)


def test_features_of_packed_pictures(packed: Path, tiny_models: Path) -> None:
    from memecap.core import config
    from memecap.encoders.stored import features

    encoder = config.build("encoders", {"name": "resnet", "model": str(tiny_models / "resnet")})
    done = features.extract(manifest.open_corpus(packed), encoder)
    assert (done.n_new, done.failed) == (24, ())


def write_tar(path: Path, *members: tuple[str, bytes]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w") as tar:
        for name, content in members:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))


def row(**changes: Any) -> bytes:
    plain = {"captions": ["кот"], "image_id": "a", "group_id": "a", "corpus": "c", "split": "train"}
    return json.dumps(plain | {"file_name": "images/a.jpg"} | changes).encode()


@pytest.mark.parametrize("key", ["jpg", "png", "image", "picture.webp"])
@pytest.mark.parametrize("first", ["json", "picture"])
def test_a_picture_may_have_any_key(tmp_path: Path, key: str, first: str, pictured: Path) -> None:
    picture = next(pictured.rglob("*.png")).read_bytes()
    members = [("a.json", row()), (f"a.{key}", picture), ("b.json", row(file_name="", image_id="b"))]
    write_tar(tmp_path / "c" / "x.tar", *(members if first == "json" else [members[1], members[0], members[2]]))
    corpus = index_shards.index(tmp_path / "c")
    found, text = corpus.rows("train")
    path = corpus.image_path(found)
    assert path is not None
    assert open_picture(path).size == (6, 6)
    assert corpus.image_path(text) is None


def test_sources_that_stand_in_for_none_are_dropped(tmp_path: Path) -> None:
    texts = {"file_name": "", "captions": ["кот", "пёс"]}
    padded, real = row(**texts, source_captions=["", ""]), row(**texts, image_id="b", source_captions=["cat", ""])
    write_tar(tmp_path / "c" / "x.tar", ("a.json", padded), ("b.json", real))
    assert [found.source_captions for found in index_shards.index(tmp_path / "c").rows("train")] == [(), ("cat", "")]


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ([("a.json", row(split="../out")), ("a.jpg", b"x")], "is no split"),
        ([("a.json", row(file_name="../../secret.jpg")), ("a.jpg", b"x")], "is no name of a picture"),
        ([("a.json", row(file_name="images/../../../secret.jpg")), ("a.jpg", b"x")], "is no name of a picture"),
        ([("a.json", row()), ("b.jpg", b"x")], "the picture of a is missing"),
        ([("a.json", b"[1]"), ("a.jpg", b"x")], "not a row"),
        ([("a.json", b"{"), ("a.jpg", b"x")], "broken shard"),
    ],
)
def test_odd_shards_are_refused(tmp_path: Path, members: list[tuple[str, bytes]], said: str) -> None:
    write_tar(tmp_path / "c" / "x.tar", *members)
    with pytest.raises(DataError, match=said):
        index_shards.index(tmp_path / "c")
    assert not (tmp_path / "c" / manifest.MANIFEST).exists()
    assert not (tmp_path / "out").exists()


def test_a_folder_without_shards_and_a_torn_one(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match="no tar files"):
        index_shards.index(tmp_path)
    (tmp_path / "x.tar").write_bytes(b"nothing of a tar")
    with pytest.raises(DataError, match="broken shard"):
        index_shards.index(tmp_path)


def test_a_shard_that_changed_is_not_read(packed: Path) -> None:
    corpus = manifest.open_corpus(packed)
    path = corpus.image_path(next(corpus.rows("train")))
    assert path is not None
    (shard,) = packed.rglob("train*.tar")
    shard.write_bytes(b"\0" * 512 + shard.read_bytes())
    with pytest.raises(DataError, match="changed since it was indexed"):
        open_picture(path)
    shard.unlink()
    with pytest.raises(DataError, match="cannot read the shard"):
        open_picture(path)
    with pytest.raises(MissingFileError):
        open_picture(path.with_name("other.png"))


def test_translated_pictures_leave_their_shards(packed: Path, tmp_path: Path) -> None:
    from memecap.translation.base import Translator
    from memecap.translation.corpus.translate import translate_corpus

    class Nobody(Translator):
        version = "nobody 1"

        def translate(self, sentences: Any) -> list[str]:
            raise AssertionError("all captions are Russian")

    corpus = manifest.open_corpus(packed)
    translate_corpus(corpus, Nobody(), tmp_path / "out", cache=tmp_path / "cache.sqlite")
    assert len(list((tmp_path / "out").rglob("*.png"))) == 24
