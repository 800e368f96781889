"""Marian on CTranslate2, against transformers' own tokenizer and generation."""

from __future__ import annotations

import json
import shutil
import warnings
from pathlib import Path

import pytest

from memecap.core import config
from memecap.errors import DataError, MissingFileError
from memecap.translation.base import Translator


def _translator(folder: Path, **settings: object) -> Translator:
    made: Translator = config.build("translation", {"name": "marian", "model": str(folder), **settings})
    return made


def test_a_trained_model_translates_and_keeps_quotes(marian: Path, pairs: list[tuple[str, str]]) -> None:
    translated = _translator(marian).translate([source for source, _ in pairs])
    assert sum(ours == ru for ours, (_, ru) in zip(translated, pairs, strict=True)) >= 0.9 * len(pairs)


def test_float32_equals_generation_by_transformers(marian: Path, pairs: list[tuple[str, str]]) -> None:
    from transformers import AutoTokenizer, MarianMTModel

    sentences = [source for source, _ in pairs] + ["a dog", 'The text says: "fish again"']
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tokenizer = AutoTokenizer.from_pretrained(marian)
        model = MarianMTModel.from_pretrained(marian)
    inputs = tokenizer(sentences, return_tensors="pt", padding=True)
    generated = model.generate(
        **inputs, num_beams=1, max_length=None, max_new_tokens=100, bad_words_ids=[[model.config.pad_token_id], [1]]
    )
    expected = tokenizer.batch_decode(generated, skip_special_tokens=True)
    ours = _translator(marian, compute_type="float32", beam=1, max_tokens=100).translate(sentences)
    assert ours == expected


def test_text_of_any_length(marian: Path) -> None:
    translator = _translator(marian, max_tokens=40)
    sentence = 'A meme with a cat. The text says: "send help". '
    long = translator.translate([sentence * 10, "", " \n"])
    assert long[0].count("кот") >= 8
    assert long[1:] == ["", ""]


def test_the_order_of_sentences_is_kept(marian: Path, pairs: list[tuple[str, str]]) -> None:
    translator = _translator(marian)
    sentences = [source for source, _ in pairs]
    alone = [translator.translate([sentence])[0] for sentence in sentences]
    assert translator.translate(sentences) == alone


def test_the_version_follows_files_and_parameters(marian: Path, tmp_path: Path) -> None:
    copy = tmp_path / marian.name
    shutil.copytree(marian, copy)
    assert _translator(copy).version == _translator(marian).version
    assert _translator(copy, beam=1).version != _translator(marian).version
    (copy / "source.spm").write_bytes((copy / "target.spm").read_bytes())
    assert _translator(copy).version != _translator(marian).version


def test_a_model_of_several_languages_takes_the_target_as_first_token(marian: Path, tmp_path: Path) -> None:
    folder = tmp_path / "several"
    shutil.copytree(marian, folder)
    vocabulary = json.loads((folder / "vocab.json").read_text())
    renamed = {(">>rus<<" if i == 5 else piece): i for piece, i in vocabulary.items()}
    (folder / "vocab.json").write_text(json.dumps(renamed))
    assert _translator(folder).version.endswith(">>rus<<")
    with pytest.raises(DataError, match="bel"):
        _translator(folder, target="bel")


def test_missing_files_are_named(marian: Path, tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match="no such model folder"):
        _translator(tmp_path / "nothing")
    shutil.copytree(marian, tmp_path / "broken")
    (tmp_path / "broken" / "target.spm").unlink()
    with pytest.raises(MissingFileError, match=r"target\.spm"):
        _translator(tmp_path / "broken")


def test_weights_that_cannot_be_converted(marian: Path, tmp_path: Path, cache_folder: Path) -> None:
    folder = tmp_path / "truncated"
    shutil.copytree(marian, folder)
    (folder / "model.safetensors").write_bytes(b"not weights")
    with pytest.raises(DataError, match="cannot convert"):
        _translator(folder).translate(["a cat"])
    assert not list((cache_folder / "ctranslate2").glob(".converting-*"))
