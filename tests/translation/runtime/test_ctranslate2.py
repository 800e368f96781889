"""Converted models: any length, any order, a version for each, and files that are missing or broken."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from memecap.errors import DataError, MissingFileError
from tests.translation.engines import translator_of


def test_text_of_any_length(marian: Path) -> None:
    translator = translator_of(marian, max_tokens=40)
    sentence = 'A meme with a cat. The text says: "send help". '
    long = translator.translate([sentence * 10, "", " \n"])
    assert long[0].count("кот") >= 8
    assert long[1:] == ["", ""]


def test_the_order_of_sentences_is_kept(marian: Path, pairs: list[tuple[str, str]]) -> None:
    translator = translator_of(marian)
    sentences = [source for source, _ in pairs]
    alone = [translator.translate([sentence])[0] for sentence in sentences]
    assert translator.translate(sentences) == alone


def test_the_version_follows_files_and_parameters(marian: Path, tmp_path: Path) -> None:
    copy = tmp_path / marian.name
    shutil.copytree(marian, copy)
    assert translator_of(copy).version == translator_of(marian).version
    assert translator_of(copy, beam=1).version != translator_of(marian).version
    (copy / "source.spm").write_bytes((copy / "target.spm").read_bytes())
    assert translator_of(copy).version != translator_of(marian).version


def test_missing_files_are_named(marian: Path, tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match="no such model folder"):
        translator_of(tmp_path / "nothing")
    shutil.copytree(marian, tmp_path / "broken")
    (tmp_path / "broken" / "target.spm").unlink()
    with pytest.raises(MissingFileError, match=r"target\.spm"):
        translator_of(tmp_path / "broken")


def test_weights_that_cannot_be_converted(marian: Path, tmp_path: Path, cache_folder: Path) -> None:
    folder = tmp_path / "truncated"
    shutil.copytree(marian, folder)
    (folder / "model.safetensors").write_bytes(b"not weights")
    with pytest.raises(DataError, match="cannot convert"):
        translator_of(folder).translate(["a cat"])
    assert not list((cache_folder / "ctranslate2").glob(".converting-*"))
