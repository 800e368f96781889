"""What a build may remove and where it may stand: nobody loses a file or a row that memecap did not write."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

import memecap.cli.verbs  # noqa: F401
from memecap.cli import app
from memecap.core.manifest import Corpus, open_corpus
from memecap.corpora.build.build import build
from memecap.corpora.memes import Memes, Settings
from memecap.corpora.tools.export import export
from memecap.errors import DataError, UsageError
from memecap.training.folder import RunFolder


def contents(folder: Path) -> dict[str, bytes]:
    return {
        os.fspath(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name not in (".lock",) and not path.name.startswith(".pictures.sqlite")
    }


def run(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["corpus", "build", *map(str, arguments)])
    error = result.exception
    return getattr(error, "exit_code", result.exit_code), f"{result.stderr}{error}"


@pytest.fixture
def table(tmp_path: Path, paint) -> Path:
    """ds/captions.tsv and ds/train/images with its pictures and somebody's notes."""
    lines = "".join(f"{n}.jpg\tкот {n}\n" for n in range(3))
    for number in range(3):
        paint(f"{number}.jpg", number, folder="ds/train/images")
    (tmp_path / "ds" / "captions.tsv").write_text("image_id\tcaption\n" + lines, encoding="utf-8")
    (tmp_path / "ds" / "train" / "images" / "notes.txt").write_text("mine")
    return tmp_path / "ds"


@pytest.fixture
def corpus(meme_tables: Path, tmp_path: Path) -> Corpus:
    return build(Memes(Settings(source=meme_tables)), tmp_path / "c")


class TestOwnSource:
    """An output folder that is, holds or lies in the source stops the build before a file is touched."""

    def refused(self, table: Path, images: Path, out: Path) -> None:
        before = contents(table)
        code, told = run("table", table / "captions.tsv", "--set", f"images={images}", "--out", out)
        assert code == 2, told
        assert contents(table) == before

    def test_the_source_itself(self, table: Path) -> None:
        self.refused(table, table / "train" / "images", table)

    def test_a_folder_above_the_source(self, table: Path) -> None:
        self.refused(table, table / "train" / "images", table.parent)

    def test_inside_the_pictures(self, table: Path) -> None:
        self.refused(table, table / "train" / "images", table / "train" / "images" / "new")

    def test_through_a_link_to_the_folder(self, table: Path, tmp_path: Path) -> None:
        (tmp_path / "link").symlink_to(table)
        self.refused(table, table / "train" / "images", tmp_path / "link")

    def test_through_links_inside_the_folder(self, table: Path, tmp_path: Path) -> None:
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / "train").symlink_to(table / "train")
        self.refused(table, table / "train" / "images", tmp_path / "out")

    def test_with_a_corpus_json_in_it(self, table: Path) -> None:
        (table / "corpus.json").write_text(json.dumps({"name": "ds", "counts": {}}))
        self.refused(table, table / "train" / "images", table)


def test_a_folder_with_other_things_is_refused(meme_tables: Path, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "thesis.txt").write_text("mine")
    code, told = run("memes", meme_tables, "--out", tmp_path / "home")
    assert code == 2
    assert "not empty" in told
    assert [path.name for path in (tmp_path / "home").iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize("content", [b"", b"not a database"])
def test_a_journal_that_is_none_opens_no_folder(meme_tables: Path, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "home" / "train" / "images").mkdir(parents=True)
    (tmp_path / "home" / "train" / "images" / "mine.jpg").write_bytes(b"mine")
    (tmp_path / "home" / ".pictures.sqlite").write_bytes(content)
    assert run("memes", meme_tables, "--out", tmp_path / "home")[0] == 2
    assert (tmp_path / "home" / "train" / "images" / "mine.jpg").read_bytes() == b"mine"


def test_a_build_that_was_stopped_goes_on_beside_what_strangers_put_there(corpus: Corpus, meme_tables: Path) -> None:
    (corpus.folder / "corpus.json").unlink()
    images = corpus.folder / "train" / "images"
    theirs = {
        images / "mine.jpg": b"mine",
        images / f"{'0' * 64}.jpg": b"named as ours",
        images / ".notes.part": b"no temporary file of ours",
        corpus.folder / "notes.txt": b"mine",
        corpus.folder / "README.md": b"# My own words of it",
    }
    for path, content in theirs.items():
        path.write_bytes(content)
    again = build(Memes(Settings(source=meme_tables)), corpus.folder)
    assert again.counts == {"train": 6, "val": 3}
    assert {path: path.read_bytes() for path in theirs} == theirs


def test_dropping_a_row_removes_its_picture_and_nothing_else(corpus: Corpus, meme_tables: Path) -> None:
    train = [row for row in corpus.rows("train") if row.source_id in ("0", "1")]
    gone, replaced = (corpus.folder / "train" / row.file_name for row in train)
    replaced.write_bytes(b"somebody put another file in its place")
    (corpus.folder / "train" / "images" / "mine.jpg").write_bytes(b"mine")
    table = meme_tables / "train.csv"
    kept = [line for line in table.read_text(encoding="utf-8").splitlines() if line[:2] not in ("0\t", "1\t")]
    table.write_text("\n".join(kept) + "\n", encoding="utf-8")
    again = build(Memes(Settings(source=meme_tables)), corpus.folder, drop_missing=True)
    assert again.counts == {"train": 4, "val": 3}
    assert not gone.exists()
    assert replaced.read_bytes() == b"somebody put another file in its place"
    assert (corpus.folder / "train" / "images" / "mine.jpg").read_bytes() == b"mine"


def test_pictures_of_a_stopped_build_go_when_the_source_drops_them(meme_tables: Path, tmp_path: Path) -> None:
    """The rows were never written: the journal alone knows whose the pictures are."""
    from memecap.corpora.build.journal import Journal
    from memecap.corpora.build.splits import assign_splits

    rules = {"val": 0.1, "test": 0.1, "salt": "memecap", "similarity": 0.2}
    source = Memes(Settings(source=meme_tables))
    with Journal(tmp_path / "c") as journal:  # a build up to the moment it was killed in
        journal.gather(source.items(), within=source.pictures)
        journal.look(on="here")
        assign_splits(journal.db, journal.folder, beside=(), **rules)
        journal.copy_pictures()
    (meme_tables / "val.csv").unlink()
    built = build(source, tmp_path / "c")
    assert built.counts == {"train": 6}
    assert not list((tmp_path / "c" / "val" / "images").iterdir())


class TestDrops:
    """A source that is gone empties no corpus."""

    def test_a_missing_folder_of_pictures_stops_the_rebuild(self, corpus: Corpus, meme_tables: Path) -> None:
        before = contents(corpus.folder)
        (meme_tables / "images").rename(meme_tables / "unmounted")
        code, told = run("memes", meme_tables, "--out", corpus.folder)
        assert code == 65
        assert "9 of the rows" in told
        assert "0 (No such file" in told and "4 more" in told and "--drop-missing" in told
        assert contents(corpus.folder) == before
        assert open_corpus(corpus.folder).counts == {"train": 6, "val": 3}

    def test_other_corpora_still_know_its_pictures(self, corpus: Corpus, meme_tables: Path, paint, tmp_path) -> None:
        (meme_tables / "images").rename(meme_tables / "unmounted")
        assert run("memes", meme_tables, "--out", corpus.folder)[0] == 65
        paint("near.png", 7, dot=True, folder="other")  # of the meme 7, which stands in val
        (tmp_path / "t.csv").write_text("image_id,caption\nnear.png,кот\n")
        options = ["--set", f"images={tmp_path / 'other'}", "--set", f"beside=[{corpus.folder}]"]
        assert run("table", tmp_path / "t.csv", *options, "--out", tmp_path / "o")[0] == 0
        assert open_corpus(tmp_path / "o").counts == {"val": 1}

    def test_the_flag_lets_them_go(self, corpus: Corpus, meme_tables: Path) -> None:
        (meme_tables / "images" / "3.jpg").unlink()
        assert run("memes", meme_tables, "--out", corpus.folder)[0] == 65
        assert run("memes", meme_tables, "--out", corpus.folder, "--drop-missing")[0] == 1  # a picture is missing
        assert open_corpus(corpus.folder).counts == {"train": 5, "val": 3}
        assert len(list((corpus.folder / "train" / "images").iterdir())) == 5

    def test_a_changed_picture_is_told(self, corpus: Corpus, meme_tables: Path, paint) -> None:
        paint("3.jpg", 300)
        with pytest.raises(DataError, match=r"1 of the rows .* 3 \(another picture\)"):
            build(Memes(Settings(source=meme_tables)), corpus.folder)

    def test_a_row_whose_source_changed_its_mind_of_the_split_is_told(self, corpus: Corpus, meme_tables: Path) -> None:
        tables = {split: meme_tables / f"{split}.csv" for split in ("train", "val")}
        lines = tables["train"].read_text(encoding="utf-8").splitlines(keepends=True)
        tables["train"].write_text("".join(lines[:-1]), encoding="utf-8")
        tables["val"].write_text(tables["val"].read_text(encoding="utf-8") + lines[-1], encoding="utf-8")
        with pytest.raises(DataError, match=r"5 \(in another split of the source\)"):
            build(Memes(Settings(source=meme_tables)), corpus.folder)

    def test_fewer_captions_of_a_row_are_no_loss_of_the_row(self, tmp_path: Path) -> None:
        path = tmp_path / "t.csv"
        path.write_text("image_id,caption\n1,кот\n1,пёс\n")
        assert run("table", path, "--out", tmp_path / "t")[0] == 0
        path.write_text("image_id,caption\n1,пёс\n")
        assert run("table", path, "--out", tmp_path / "t")[0] == 0


class TestOtherWriters:
    """The other commands that write a folder."""

    def test_a_translation_takes_no_other_corpus_away(self, corpus: Corpus, meme_tables: Path, tmp_path: Path) -> None:
        from memecap.translation.corpus.translate import translate_corpus

        class Same:
            version = "same"

            def prepare(self, sentences: object) -> None: ...

            def translate(self, sentences: list[str]) -> list[str]:
                return sentences

        other = build(Memes(Settings(source=meme_tables)), tmp_path / "other")
        before = contents(other.folder)
        (tmp_path / "home").mkdir()
        (tmp_path / "home" / "thesis.txt").write_text("mine")
        for out in (other.folder, tmp_path / "home"):
            with pytest.raises(UsageError):
                translate_corpus(corpus, Same(), out, cache=tmp_path / "cache.sqlite")  # type: ignore[arg-type]
        assert contents(other.folder) == before
        assert [path.name for path in (tmp_path / "home").iterdir()] == ["thesis.txt"]

    @pytest.mark.parametrize("form", ["parquet", "webdataset", "coco", "tsv"])
    def test_an_export_writes_over_its_own_files_alone(self, corpus: Corpus, tmp_path: Path, form: str) -> None:
        first = export(corpus, form, tmp_path / "out")
        assert export(corpus, form, tmp_path / "out") == first
        theirs = tmp_path / "home" / first[0].name
        theirs.parent.mkdir()
        theirs.write_text("mine")
        with pytest.raises(UsageError, match="no export"):
            export(corpus, form, theirs.parent)
        assert list(theirs.parent.iterdir()) == [theirs]
        assert theirs.read_text() == "mine"

    def test_a_sweep_takes_our_names_alone(self, tmp_path: Path) -> None:
        from memecap.core import storage

        ours, theirs = (
            tmp_path / ".a.json.123.part",
            [tmp_path / ".notes.part", tmp_path / "b.part", tmp_path / ".x.1y.part"],
        )
        for path in (ours, *theirs):
            path.touch()
        (tmp_path / ".folder.12.part").mkdir()
        storage.sweep(tmp_path)
        assert not ours.exists()
        assert all(path.exists() for path in theirs)

    def test_a_run_removes_no_hidden_folder_of_others(self, tmp_path: Path) -> None:
        theirs = tmp_path / "checkpoints" / ".git" / "HEAD"
        theirs.parent.mkdir(parents=True)
        theirs.write_text("mine")
        left = tmp_path / "checkpoints" / ".last.abc123"
        left.mkdir()
        RunFolder(tmp_path).recover()
        assert theirs.read_text() == "mine"
        assert not left.exists()

    def test_a_checkpoint_and_a_demo_take_no_folder_of_others(self, tmp_path: Path) -> None:
        from memecap.checkpoints import checkpoint
        from memecap.demo.road import Road

        theirs = tmp_path / "home" / "raw" / "thesis.txt"
        theirs.parent.mkdir(parents=True)
        theirs.write_text("mine")
        with pytest.raises(UsageError, match="no checkpoint"):
            checkpoint.save(None, tmp_path / "home")  # type: ignore[arg-type]
        with pytest.raises(UsageError, match="no demo"):
            Road(tmp_path / "home").walk()
        assert theirs.read_text() == "mine"


def test_digests_name_pictures(corpus: Corpus) -> None:
    for path in corpus.folder.glob("*/images/*"):
        assert hashlib.sha256(path.read_bytes()).hexdigest() == path.stem
