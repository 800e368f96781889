"""Marian on CTranslate2, against transformers' own tokenizer and generation."""

from __future__ import annotations

import json
import shutil
import warnings
from pathlib import Path

import pytest

from memecap.errors import DataError
from tests.translation.engines import translator_of


def test_a_trained_model_translates_and_keeps_quotes(marian: Path, pairs: list[tuple[str, str]]) -> None:
    translated = translator_of(marian).translate([source for source, _ in pairs])
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
    ours = translator_of(marian, compute_type="float32", beam=1, max_tokens=100).translate(sentences)
    assert ours == expected


def test_a_model_of_several_languages_takes_the_target_as_first_token(marian: Path, tmp_path: Path) -> None:
    folder = tmp_path / "several"
    shutil.copytree(marian, folder)
    vocabulary = json.loads((folder / "vocab.json").read_text())
    renamed = {(">>rus<<" if i == 5 else piece): i for piece, i in vocabulary.items()}
    (folder / "vocab.json").write_text(json.dumps(renamed))
    assert translator_of(folder).version.endswith(">>rus<<")
    with pytest.raises(DataError, match="bel"):
        translator_of(folder, target="bel")
