"""What is done with a corpus that is built: checked, exported, described by its card, looked at."""

from __future__ import annotations

import csv
import io
import json
import tarfile
from pathlib import Path

import pytest
import yaml
from PIL import Image
from typer.testing import CliRunner

import memecap.cli.verbs  # noqa: F401
from memecap.cli import app
from memecap.core import manifest, storage
from memecap.corpora.build.build import build
from memecap.corpora.memes import Memes, Settings
from memecap.corpora.table import Settings as TableSettings
from memecap.corpora.table import Table
from memecap.corpora.tools.check import check, script_of
from memecap.corpora.tools.export import FORMS, export
from memecap.corpora.tools.look import look
from memecap.errors import MissingFileError, UsageError


@pytest.fixture
def corpus(meme_tables: Path, tmp_path: Path) -> manifest.Corpus:
    return build(Memes(Settings(source=meme_tables, licence="of their authors")), tmp_path / "memes")


@pytest.fixture
def texts(tmp_path: Path) -> manifest.Corpus:
    source = tmp_path / "t.tsv"
    source.write_text("image_id\tcaption\n" + "".join(f"{n}\tкот {n}\n" for n in range(40)), encoding="utf-8")
    return build(Table(TableSettings(source=source)), tmp_path / "texts")


def test_a_good_corpus_has_no_faults(corpus: manifest.Corpus, texts: manifest.Corpus) -> None:
    pictured, plain = check([corpus.folder, texts.folder])
    assert pictured.faults == plain.faults == []
    assert (pictured.pictures, plain.pictures) == (9, 0)
    assert pictured.captions == {"train": 6, "val": 3}
    assert pictured.words == {"mean": 3.0, "median": 3, "p95": 3, "max": 3}
    assert pictured.languages == {"cyrillic": 9}


def test_check_on_workers_says_the_same(corpus: manifest.Corpus) -> None:
    assert check([corpus.folder], on="workers:1") == check([corpus.folder])


def test_faults_are_found(corpus: manifest.Corpus) -> None:
    rows = [*corpus.rows("train"), *corpus.rows("val")]
    train = [corpus.image_path(row) for row in rows[:6]]
    assert train[0] and train[1] and train[2]
    train[0].write_bytes(train[0].read_bytes()[:300])
    train[1].unlink()
    train[2].write_bytes(train[3].read_bytes() if train[3] else b"")
    (corpus.folder / "val" / "images" / "stray.jpg").write_bytes(b"")
    faults = "\n".join(check([corpus.folder])[0].faults)
    assert rows[0].file_name in faults
    assert f"{rows[1].file_name}: No such file" in faults
    assert f"{rows[2].file_name}: its bytes are not those" in faults
    assert "stray.jpg belongs to no row" in faults


def test_leaks_in_and_across_corpora_are_found(corpus: manifest.Corpus, paint, tmp_path: Path) -> None:
    leaked = tmp_path / "leaked"
    rows = [*corpus.rows("train"), *corpus.rows("val")]
    turned = {"train": "val", "val": "train"}
    for row in rows:
        path = corpus.image_path(row)
        assert path
        storage.write_bytes(leaked / turned[row.split] / row.file_name, path.read_bytes())
    moved = [manifest.Row.from_json({**row.to_json(), "split": turned[row.split]}) for row in rows]
    manifest.finish(leaked, "leaked", manifest.write_rows(leaked, moved))
    first, second = check([corpus.folder, leaked])
    assert first.faults == []
    assert sum("stands in" in fault for fault in second.faults) == 18  # each group and each picture
    assert sum("nearly equal" in fault for fault in second.faults) == 9


def test_metadata_of_another_build_is_found(corpus: manifest.Corpus) -> None:
    path = corpus.folder / "val" / "metadata.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(lines[:-1]), encoding="utf-8")
    faults = "\n".join(check([corpus.folder])[0].faults)
    assert "is not the file that corpus.json was written for" in faults
    assert "2 rows where corpus.json counts 3" in faults


def test_an_unfinished_corpus_is_not_checked(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError):
        check([tmp_path])


@pytest.mark.parametrize(
    ("text", "script"), [("Кот спит", "cyrillic"), ("A cat", "latin"), ("кот and cat", "mixed"), ("42!", "none")]
)
def test_script(text: str, script: str) -> None:
    assert script_of(text) == script


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("which", ["corpus", "texts"])
def test_exports_load_through_datasets(
    form: str, which: str, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    datasets = pytest.importorskip("datasets")
    corpus: manifest.Corpus = request.getfixturevalue(which)
    out = tmp_path / "out"
    files = [str(path) for path in export(corpus, form, out) if path.name.startswith(("train", "captions_train"))]
    options = {"tsv": {"delimiter": "\t"}, "coco": {"field": "images"}}.get(form, {})
    kind = {"tsv": "csv", "coco": "json"}.get(form, form)
    loaded = datasets.load_dataset(kind, data_files=files, split="train", cache_dir=str(tmp_path / "cache"), **options)
    rows = list(corpus.rows("train"))
    assert len(loaded) == len(rows) == corpus.counts["train"]
    record = loaded[0]
    if form == "parquet":
        assert record["captions"] == list(rows[0].captions)
    if form == "webdataset":
        assert record["json"] == {**rows[0].to_json(), "captions": list(rows[0].captions), "source_captions": []}
    if form == "tsv":
        assert json.loads(record["captions"]) == list(rows[0].captions)
    if which == "corpus":
        path = corpus.image_path(rows[0])
        assert path
        if form in ("parquet", "webdataset"):
            assert record["image" if form == "parquet" else "jpg"].size == (72, 72)
        else:
            assert (out / record["file_name"]).read_bytes() == path.read_bytes()


@pytest.mark.parametrize("order", ["jpg png webp gif", "gif webp png jpg"])
@pytest.mark.parametrize("streaming", [False, True])
def test_a_webdataset_of_pictures_of_every_format_loads(tmp_path: Path, order: str, streaming: bool) -> None:
    datasets = pytest.importorskip("datasets")
    formats = {"jpg": "JPEG", "png": "PNG", "webp": "WEBP", "gif": "GIF"}
    contents, rows = {}, []
    for number in range(12):  # more than the five samples by which `datasets` tells the columns
        suffix, split = order.split()[number // 3], "train" if number % 6 else "val"
        buffer = io.BytesIO()
        Image.new("RGB", (20, 10 + number), (number * 20, 0, 0)).save(buffer, formats[suffix])
        image_id = storage.sha256_bytes(buffer.getvalue())
        contents[image_id] = buffer.getvalue()
        file_name = f"images/{image_id}.{suffix}"
        storage.write_bytes(tmp_path / "c" / split / file_name, buffer.getvalue())
        sources = ("a cat",) if number > 6 else ()
        rows.append(
            manifest.Row(
                captions=("кот",), image_id=image_id, group_id=f"{number:02}", corpus="c", split=split,
                file_name=file_name, source_captions=sources,
            )
        )  # fmt: skip
    made = manifest.finish(tmp_path / "c", "c", manifest.write_rows(tmp_path / "c", rows))
    export(made, "webdataset", tmp_path / "out")
    files = {split: str(tmp_path / "out" / f"{split}-*.tar") for split in made.counts}
    loaded = datasets.load_dataset(
        "webdataset", data_files=files, cache_dir=str(tmp_path / "cache"), streaming=streaming
    )
    seen = {}
    for part in loaded.values():
        for record in part:
            assert record["jpg"].size == (20, 10 + int(record["json"]["group_id"]))  # decoded, whatever its format
        for record in part.cast_column("jpg", datasets.Image(decode=False)):
            assert record["json"]["file_name"].startswith(f"images/{record['__key__']}.")
            seen[record["__key__"]] = record["jpg"]["bytes"]
    assert seen == contents


def test_samples_of_a_webdataset_are_grouped_as_its_own_reader_groups_them(
    corpus: manifest.Corpus, tmp_path: Path
) -> None:
    """webdataset's rule: files that follow one another and share what stands before the first dot are one sample."""
    with tarfile.open(export(corpus, "webdataset", tmp_path / "w")[0]) as tar:
        names = tar.getnames()
    assert [name.partition(".")[2] for name in names] == ["json", "jpg"] * 6
    assert [name.partition(".")[0] for name in names[::2]] == [name.partition(".")[0] for name in names[1::2]]
    assert len({name.partition(".")[0] for name in names}) == 6


def test_imagefolder_loads_a_corpus_as_it_is(corpus: manifest.Corpus, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    loaded = datasets.load_dataset("imagefolder", data_dir=str(corpus.folder), cache_dir=str(tmp_path / "cache"))
    assert {split: len(rows) for split, rows in loaded.items()} == {"train": 6, "validation": 3}
    assert loaded["train"][0]["captions"] == list(next(corpus.rows("train")).captions)


@pytest.mark.parametrize("form", FORMS)
def test_exports_are_equal_byte_for_byte(form: str, corpus: manifest.Corpus, tmp_path: Path) -> None:
    first, second = export(corpus, form, tmp_path / "1"), export(corpus, form, tmp_path / "2")
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def test_what_is_in_the_exports(corpus: manifest.Corpus, tmp_path: Path) -> None:
    with tarfile.open(export(corpus, "webdataset", tmp_path / "w")[0]) as tar:
        assert len(tar.getnames()) == 12
    coco = storage.read_json(export(corpus, "coco", tmp_path / "c")[1])
    assert {image["id"] for image in coco["images"]} == {note["image_id"] for note in coco["annotations"]}
    with export(corpus, "tsv", tmp_path / "t")[0].open(encoding="utf-8", newline="") as file:
        assert len(list(csv.DictReader(file, delimiter="\t"))) == 6


def test_an_unknown_form_is_named(corpus: manifest.Corpus, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="'arrow'"):
        export(corpus, "arrow", tmp_path)


def test_the_card(corpus: manifest.Corpus, meme_tables: Path, tmp_path: Path) -> None:
    text = (corpus.folder / "README.md").read_text(encoding="utf-8")
    head = yaml.safe_load(text.split("---")[1])
    assert head["license_name"] == "of their authors"
    assert "| train | 6 | 6 | 6 |" in text
    assert storage.sha256_file(corpus.folder / "train" / "metadata.jsonl") in text
    assert "Nothing was left out" in text
    (meme_tables / "images" / "3.jpg").write_bytes(b"<html>")
    again = build(Memes(Settings(source=meme_tables)), tmp_path / "again")
    assert "| not an image | 1 |" in (again.folder / "README.md").read_text(encoding="utf-8")


def test_the_page_for_the_eye(corpus: manifest.Corpus, texts: manifest.Corpus, tmp_path: Path) -> None:
    page = look(corpus, samples=2).read_text(encoding="utf-8")
    assert page.count("data:image/jpeg;base64,") == 4
    assert "train: 2 of 6" in page
    assert "http" not in page.replace("http-equiv", "")  # nothing is loaded
    row = next(texts.rows("train"))
    nasty = manifest.Row.from_json({**row.to_json(), "captions": ["<script>alert(1)</script> & кот"]})
    folder = tmp_path / "nasty"
    made = manifest.finish(folder, "<b>", manifest.write_rows(folder, [nasty]))
    page = look(made, out=tmp_path / "page.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert "<b>" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; кот" in page


class TestCommands:
    """`memecap corpus …` as a user types it."""

    def run(self, *arguments: object) -> tuple[int, str, str]:
        result = CliRunner().invoke(app, ["corpus", *map(str, arguments)])
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.exit_code, result.stdout, result.stderr

    def test_the_road(self, meme_tables: Path, tmp_path: Path) -> None:
        folder = tmp_path / "memes"
        code, out, _ = self.run("build", "memes", meme_tables, "--out", folder, "--json")
        assert code == 0
        assert json.loads(out)["counts"] == {"train": 6, "val": 3}
        code, out, _ = self.run("check", folder, "--json")
        assert (code, json.loads(out)["faults"]) == (0, [])
        assert "faults: 0" in self.run("check", folder)[1]
        assert Path(self.run("look", folder)[1].strip()).is_file()
        code, out, _ = self.run("export", folder, "--to", "tsv")
        assert out.split() == [str(tmp_path / "memes-tsv" / f"{split}.tsv") for split in ("train", "val")]

    def test_a_broken_picture_is_told_and_counted(self, meme_tables: Path, tmp_path: Path) -> None:
        (meme_tables / "images" / "3.jpg").write_bytes(b"<html>")
        code, out, err = self.run("build", "memes", meme_tables, "--out", tmp_path / "memes")
        assert code == 1
        assert "left out: 3: not an image" in err
        assert "train 5" in out

    def test_a_yaml_with_overrides(self, tmp_path: Path) -> None:
        (tmp_path / "t.csv").write_text('id,caption\n1,"a, b"\n2,c\n', encoding="utf-8")
        config = tmp_path / "mine.yaml"
        config.write_text(f"name: table\nsource: {tmp_path / 't.csv'}\nid: id\nval: 0.5\n", encoding="utf-8")
        code, out, _ = self.run("build", "-c", config, "--out", tmp_path / "mine", "--set", "val=0", "--set", "test=0")
        assert (code, out.strip()) == (0, f"{tmp_path / 'mine'}: train 2")

    def test_faults_end_with_65(self, meme_tables: Path, tmp_path: Path) -> None:
        self.run("build", "memes", meme_tables, "--out", tmp_path / "memes")
        (tmp_path / "memes" / "train" / "images" / "stray.jpg").write_bytes(b"")
        code, _, err = self.run("check", tmp_path / "memes")
        assert code == 65
        assert "stray.jpg" in err

    def test_no_kind(self) -> None:
        with pytest.raises(UsageError, match="no kind"):
            self.run("build")


def test_a_card_that_somebody_edited_is_kept(meme_tables: Path, tmp_path: Path) -> None:
    """People write on the cards of their datasets; one that nobody touched is brought up to date."""
    source, folder = Memes(Settings(source=meme_tables)), tmp_path / "c"
    build(source, folder)
    card = folder / "README.md"
    card.write_text(
        card.read_text(encoding="utf-8").replace("## Rows", "Моё: не трогать.\n\n## Rows"), encoding="utf-8"
    )
    edited = card.read_bytes()
    build(source, folder)
    assert card.read_bytes() == edited
    card.unlink()
    build(source, folder)
    written = card.read_bytes()
    build(Memes(Settings(source=meme_tables, licence="CC0")), folder)
    assert card.read_bytes() != written
