"""Faults of a corpus that is built are found; a good one has none."""

from __future__ import annotations

from pathlib import Path

import pytest

from memecap.core import manifest
from memecap.corpora.tools.check import check, script_of
from memecap.errors import MissingFileError


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
