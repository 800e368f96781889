"""Corpus in, corpus out: nothing lost, nothing paid for twice, the same bytes whatever happens on the way."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from memecap.core import manifest
from memecap.core.manifest import Corpus, Row
from memecap.errors import DataError, ServiceError, UsageError
from memecap.translation import translate_corpus
from memecap.translation.base import Translator
from memecap.translation.corpus import sentences, translate
from memecap.translation.corpus.cache import open_cache
from memecap.translation.gate.gate import Gate


class Echo(Translator):
    """Says «перевод» and the number of letters; counts what it is asked, and can die half-way."""

    def __init__(self, dies_after: int = 10**9) -> None:
        self.asked: list[str] = []
        self.prepared: list[str] = []
        self.dies_after = dies_after

    @property
    def version(self) -> str:
        return "echo 1"

    def prepare(self, sentences: Iterable[str]) -> None:
        self.prepared = list(sentences)

    def translate(self, sentences: Sequence[str]) -> list[str]:
        if len(self.asked) >= self.dies_after:
            raise ServiceError("gone")
        self.asked += sentences
        return ["" if "bad" in s else "перевод " + "а" * len(s) for s in sentences]


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    folder = tmp_path / "photos"
    rows = []
    for i in range(30):
        split = "val" if i % 5 == 0 else "train"
        picture = folder / split / "images" / f"{i}.jpg"
        picture.parent.mkdir(parents=True, exist_ok=True)
        picture.write_bytes(f"picture {i}".encode())
        captions = (f"a cat number {'x' * (i % 7)}", f"bad {i}") if i % 3 else (f"bad only {i}",)
        rows.append(
            Row(
                captions=captions,
                image_id=f"{i:03}",
                group_id=f"{i:03}",
                corpus="photos",
                split=split,
                file_name=f"images/{i}.jpg",
                language="en",
            )
        )
    return manifest.finish(folder, "photos", manifest.write_rows(folder, rows))


def _bytes(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != ".lock"
    }


def test_rows_keep_their_source_and_translator(corpus: Corpus, tmp_path: Path) -> None:
    summary = translate_corpus(corpus, Echo(), tmp_path / "photos_ru", cache=tmp_path / "c.sqlite")
    russian = manifest.open_corpus(tmp_path / "photos_ru")
    rows = [row for split in russian.counts for row in russian.rows(split)]
    assert summary.counts == russian.counts == {"train": 16, "val": 4}
    assert summary.captions == 20
    for row in rows:
        assert (row.language, row.translator, row.corpus) == ("ru", "echo 1", "photos_ru")
        assert len(row.captions) == len(row.source_captions) == 1
        assert row.captions[0] == "перевод " + "а" * len(row.source_captions[0])
        picture = russian.image_path(row)
        assert picture is not None and picture.read_bytes() == f"picture {int(row.image_id)}".encode()


def test_the_rejected_are_written_with_a_reason(corpus: Corpus, tmp_path: Path) -> None:
    out = tmp_path / "photos_ru"
    summary = translate_corpus(corpus, Echo(), out, cache=tmp_path / "c.sqlite")
    records = [json.loads(line) for line in (out / "rejected.jsonl").read_text().splitlines()]
    assert summary.rejected == {"empty": 30}
    assert {record["reason"] for record in records} == {"empty"} and len(records) == 30
    assert {"split", "image_id", "source", "translation"} < records[0].keys()


def test_nothing_is_asked_twice_but_what_failed(corpus: Corpus, tmp_path: Path) -> None:
    first, again, elsewhere = Echo(), Echo(), Echo()
    translate_corpus(corpus, first, tmp_path / "a", cache=tmp_path / "c.sqlite")
    assert len(first.asked) == len(set(first.asked)) and set(first.asked) == set(first.prepared)
    assert translate_corpus(corpus, again, tmp_path / "a", cache=tmp_path / "c.sqlite").captions == 20
    translate_corpus(corpus, elsewhere, tmp_path / "b", cache=tmp_path / "c.sqlite")
    assert not again.asked
    failed = {sentence for sentence in first.asked if "bad" in sentence}
    assert set(elsewhere.asked) == set(elsewhere.prepared) == failed


def answered(asked: list[str]) -> list[str]:
    return [sentence for sentence in asked if "bad" not in sentence]


def test_failures_of_an_earlier_version_are_asked_again(corpus: Corpus, tmp_path: Path) -> None:
    with open_cache(tmp_path / "c.sqlite", "echo 1") as known:
        known.put({"a cat number ": "", "a cat number x": " \n", "a cat number xx": "a cat number xx", "x": "кот"})
    echo = Echo()
    translate_corpus(corpus, echo, tmp_path / "ru", cache=tmp_path / "c.sqlite")
    assert {"a cat number ", "a cat number x", "a cat number xx"} <= set(echo.asked)


class Deaf(Echo):
    """An engine whose every answer is `said`."""

    def __init__(self, said: str) -> None:
        super().__init__()
        self._said = said

    def translate(self, sentences: Sequence[str]) -> list[str]:
        self.asked += sentences
        return [self._said.format(sentence) for sentence in sentences]


@pytest.mark.parametrize("said", ["", "{}", "It is {}", "Пес: це {} собаки, що біжить"])
def test_nothing_translated_is_bad_data_and_a_mended_engine_translates(
    corpus: Corpus, tmp_path: Path, said: str
) -> None:
    out = tmp_path / "ru"
    for _ in range(2):
        with pytest.raises(DataError) as caught:
            translate_corpus(corpus, Deaf(said), out, cache=tmp_path / "c.sqlite")
        assert caught.value.exit_code == 65 and not (out / "corpus.json").exists()
    assert len((out / "rejected.jsonl").read_text().splitlines()) == 50  # for the eye
    assert translate_corpus(corpus, Echo(), out, cache=tmp_path / "c.sqlite").captions == 20


def test_an_engine_that_always_fails_is_not_asked_for_ever(
    corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sentences, "BATCH", 4)
    monkeypatch.setattr(sentences, "ENOUGH", 8)
    deaf = Deaf("")
    with pytest.raises(DataError, match="none of 8 answers is a translation"):
        translate_corpus(corpus, deaf, tmp_path / "ru", cache=tmp_path / "c.sqlite")
    assert len(deaf.asked) == 8


@pytest.mark.parametrize("dies_after", [0, 1, 8, 20])
def test_an_interrupted_job_ends_with_the_same_bytes(
    corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dies_after: int
) -> None:
    monkeypatch.setattr(sentences, "BATCH", 4)
    monkeypatch.setattr(translate, "WINDOW", 10)
    whole = Echo()
    translate_corpus(corpus, whole, tmp_path / "whole" / "ru", cache=tmp_path / "1.sqlite")
    first, second = Echo(dies_after), Echo()
    with pytest.raises(ServiceError):
        translate_corpus(corpus, first, tmp_path / "cut" / "ru", cache=tmp_path / "2.sqlite")
    assert not (tmp_path / "cut" / "ru" / "corpus.json").exists()
    translate_corpus(corpus, second, tmp_path / "cut" / "ru", cache=tmp_path / "2.sqlite")
    assert answered(first.asked) + answered(second.asked) == answered(whole.asked)
    assert _bytes(tmp_path / "cut" / "ru") == _bytes(tmp_path / "whole" / "ru")


def test_another_source_makes_the_output_again(corpus: Corpus, tmp_path: Path) -> None:
    translate_corpus(corpus, Echo(), tmp_path / "ru", cache=tmp_path / "c.sqlite", splits=["val"])
    assert translate_corpus(corpus, Echo(), tmp_path / "ru", cache=tmp_path / "c.sqlite").counts["train"] == 16


def test_russian_rows_pass(tmp_path: Path) -> None:
    row = Row(captions=("кот",), image_id="1", group_id="1", corpus="c", split="train")
    folder = tmp_path / "c"
    made = manifest.finish(folder, "c", manifest.write_rows(folder, [row]))
    echo = Echo()
    translate_corpus(made, echo, tmp_path / "out", cache=tmp_path / "c.sqlite")
    assert next(manifest.open_corpus(tmp_path / "out").rows("train")).captions == ("кот",)
    assert not echo.asked


def test_misuse_is_named(corpus: Corpus, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="onto itself"):
        translate_corpus(corpus, Echo(), corpus.folder)
    with pytest.raises(UsageError, match="no such split"):
        translate_corpus(corpus, Echo(), tmp_path / "x", splits=["dev"])


class Says(Echo):
    """Answers everything with one text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text

    def translate(self, sentences: Sequence[str]) -> list[str]:
        return [self.text for _ in sentences]


def test_what_an_engine_says_is_cleaned_as_every_caption_is(corpus: Corpus, tmp_path: Path) -> None:
    out, cache = tmp_path / "ru", tmp_path / "cache.sqlite"
    translate_corpus(corpus, Says("кот\0 \u202eи\u202c\nсобаки\u200b и\u0306 е\ud83d"), out, cache=cache)
    captions = {caption for row in manifest.open_corpus(out).rows("train") for caption in row.captions}
    assert captions == {"кот и собаки й е\ufffd"}


def test_splits_that_were_translated_before_stay(corpus: Corpus, tmp_path: Path) -> None:
    out, cache = tmp_path / "ru", tmp_path / "cache.sqlite"
    translate_corpus(corpus, Echo(), out, cache=cache, splits=["train"])
    whole = translate_corpus(corpus, Echo(), out, cache=cache, splits=["val"])
    assert set(whole.counts) == set(manifest.open_corpus(out).counts) == {"train", "val"}


def test_a_row_that_loses_its_captions_leaves_no_picture(tmp_path: Path) -> None:
    """`imagefolder` stumbles on a picture without a row; what the user put beside it stays."""
    content = [b"one", b"two"]
    names = [hashlib.sha256(one).hexdigest() for one in content]
    rows = [
        Row(
            captions=(f"a cat {name[:2]}",), image_id=name, group_id=name, corpus="photos", split="train",
            file_name=f"images/{name}.jpg", language="en",
        )
        for name in names
    ]  # fmt: skip
    folder = tmp_path / "photos"
    for name, one in zip(names, content, strict=True):
        (folder / "train" / "images").mkdir(parents=True, exist_ok=True)
        (folder / "train" / "images" / f"{name}.jpg").write_bytes(one)
    corpus = manifest.finish(folder, "photos", manifest.write_rows(folder, rows))
    out, images = tmp_path / "ru", tmp_path / "ru" / "train" / "images"
    loose = Gate(min_ratio=0, max_ratio=100, min_cyrillic=0, max_copied=9, max_repeats=99)
    translate_corpus(corpus, Numbered(), out, cache=tmp_path / "cache.sqlite", gate=loose)
    (images / "mine.jpg").write_bytes(b"mine")
    assert len(list(images.iterdir())) == 3
    strict = loose.model_copy(update={"max_ratio": 1.0})
    translate_corpus(corpus, Numbered(), out, cache=tmp_path / "cache.sqlite", gate=strict)
    (kept,) = manifest.open_corpus(out).rows("train")
    assert {path.name for path in images.iterdir()} == {"mine.jpg", Path(kept.file_name).name}
    assert {path.stem for path in (folder / "train" / "images").iterdir()} == set(names)


class Numbered(Echo):
    """A short and a very long translation."""

    def translate(self, sentences: Sequence[str]) -> list[str]:
        return ["кот " + "очень " * 20 * number + sentence[-2:] for number, sentence in enumerate(sorted(sentences))]
