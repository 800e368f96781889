"""Each form of a corpus loads through the tools that read it, and is the same bytes each time."""

from __future__ import annotations

import csv
import io
import json
import tarfile
from pathlib import Path

import pytest
from PIL import Image

from memecap.core import manifest, storage
from memecap.corpora.build.build import build
from memecap.corpora.table import Settings as TableSettings
from memecap.corpora.table import Table
from memecap.corpora.tools import export as exporting
from memecap.corpora.tools.export import FORMS, export
from memecap.errors import UsageError


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
    kind = {"tsv": "csv", "coco": "json", "jsonl": "json"}.get(form, form)
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


def test_an_export_of_fewer_rows_leaves_no_shard_of_the_earlier_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder is loaded as `train-*.tar`: rows that were dropped would come back."""
    monkeypatch.setattr(exporting, "SHARD", 5)
    source, out = tmp_path / "t.tsv", tmp_path / "out"
    lines = [f"{number}\tкот {number}\n" for number in range(40)]
    source.write_text("image_id\tcaption\n" + "".join(lines), encoding="utf-8")
    whole = build(Table(TableSettings(source=source)), tmp_path / "texts")
    before = export(whole, "webdataset", out)
    (out / "train-archive.tar").write_bytes(b"mine")
    source.write_text("image_id\tcaption\n" + "".join(lines[:8]), encoding="utf-8")
    some = build(Table(TableSettings(source=source)), tmp_path / "texts", drop_missing=True)
    written = export(some, "webdataset", out)
    assert len(written) < len(before)
    assert set(out.glob("*.tar")) == {*written, out / "train-archive.tar"}
